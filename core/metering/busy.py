"""Adds up the time in which an instance served at least one request."""

from collections import deque

KEPT_INTERVALS = 64
"""Separate busy times kept for merging; a request longer than all of them loses what lies before."""


class BusyTime:
    """The union of the times of requests, which come roughly in the order of their ends."""

    __slots__ = ("_intervals", "_settled_until_us", "total_us")

    def __init__(self, since_us: int) -> None:
        self.total_us = 0
        """The busy time so far in microseconds."""
        self._intervals: deque[tuple[int, int]] = deque()
        self._settled_until_us = since_us

    def add(self, start_us: int, end_us: int) -> None:
        """Take in one request's time; overlapping times count once."""
        start_us = max(start_us, self._settled_until_us)
        if end_us <= start_us:
            return
        later: list[tuple[int, int]] = []
        intervals = self._intervals
        while intervals and intervals[-1][1] >= start_us:
            other = intervals.pop()
            if other[0] > end_us:
                later.append(other)
                continue
            self.total_us -= other[1] - other[0]
            start_us, end_us = min(start_us, other[0]), max(end_us, other[1])
        intervals.append((start_us, end_us))
        intervals.extend(reversed(later))
        self.total_us += end_us - start_us
        if len(intervals) > KEPT_INTERVALS:
            self._settled_until_us = intervals.popleft()[1]
