"""Adds up the time in which an instance served at least one request."""

from collections import deque

KEPT_INTERVALS = 64
"""Separate busy times kept for merging; a request longer than all of them loses what lies before."""


class BusyTime:
    """The union of the times of requests, which come roughly in the order of their ends."""

    __slots__ = ("_intervals", "_settled_until_us", "_settled_us")

    def __init__(self, since_us: int) -> None:
        self._intervals: deque[tuple[int, int]] = deque()
        self._settled_us = 0
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
            else:
                start_us, end_us = min(start_us, other[0]), max(end_us, other[1])
        intervals.append((start_us, end_us))
        intervals.extend(reversed(later))
        if len(intervals) > KEPT_INTERVALS:
            first = intervals.popleft()
            self._settled_us += first[1] - first[0]
            self._settled_until_us = first[1]

    def total_us(self, until_us: int) -> int:
        """Return the busy time until ``until_us`` in microseconds."""
        kept = sum(max(min(end, until_us) - start, 0) for start, end in self._intervals)
        return self._settled_us + kept
