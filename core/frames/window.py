"""Time windows over a stream: one bucket a second, a bounded number of seconds, bounded samples.

The window of a rate is the current second and the nine before it, so it covers nine to ten seconds
and moves on with time even when no event comes.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

B = TypeVar("B")

WINDOW_S = 10
"""Seconds that a rate looks back."""
SAMPLES_PER_SECOND = 250
"""Durations kept of one second; up to so many requests a second percentiles are exact."""
_LCG_FACTOR, _LCG_STEP, _LCG_MASK = 1_103_515_245, 12_345, 0x7FFF_FFFF
"""The linear congruential generator of ISO C's example, good enough to pick what a sample replaces."""


class SecondRing(Generic[B]):
    """Buckets by whole second of the run, the last ``seconds`` of them."""

    def __init__(self, make: Callable[[], B], seconds: int = WINDOW_S) -> None:
        self._make = make
        self._seconds = seconds
        self._buckets: dict[int, B] = {}
        self._newest = -1

    def at(self, time_s: float) -> B | None:
        """Return the bucket of this time, made when missing; None when it is older than the ring keeps."""
        second = int(time_s)
        bucket = self._buckets.get(second)
        if bucket is None and second > self._newest - self._seconds:
            bucket = self._buckets[second] = self._make()
            if second > self._newest:
                self._newest = second
                self._forget(second - self._seconds)
        return bucket

    def get(self, second: int) -> B | None:
        """Return the bucket of a whole second, None when nothing happened in it."""
        return self._buckets.get(second)

    def window(self, now_s: float, seconds: int = WINDOW_S) -> list[B]:
        """Return the buckets of the current second and those before it, ``seconds`` in all, oldest first."""
        last = int(now_s)
        found = (self._buckets.get(second) for second in range(last - seconds + 1, last + 1))
        return [bucket for bucket in found if bucket is not None]

    def _forget(self, until: int) -> None:
        for second in [second for second in self._buckets if second <= until]:
            del self._buckets[second]


def window_length_s(now_s: float, since_s: float, seconds: int = WINDOW_S) -> float:
    """Return how many seconds the window covers: never before ``since_s``, and at least one."""
    return max(now_s - max(math.floor(now_s) - seconds + 1, since_s), 1.0)


class Sampled:
    """Figures of one second: all of them up to a bound, then a uniform sample (reservoir) of that size."""

    __slots__ = ("_state", "count", "values")

    def __init__(self) -> None:
        self.count = 0
        self.values: list[float] = []
        self._state = 1

    def add(self, value: float) -> None:
        """Take in one figure."""
        self.count += 1
        if len(self.values) < SAMPLES_PER_SECOND:
            self.values.append(value)
            return
        self._state = (self._state * _LCG_FACTOR + _LCG_STEP) & _LCG_MASK
        place = (self._state >> 8) % self.count
        if place < SAMPLES_PER_SECOND:
            self.values[place] = value


def percentiles(samples: Iterable[Sampled], shares: Sequence[float]) -> tuple[float, ...]:
    """Return the nearest-rank percentiles for each share (0 to 1); zeros where there is no figure.

    Exact while no second went past the bound; else each kept figure counts for as many as it stands for.
    """
    kept = [one for one in samples if one.count]
    if all(one.count == len(one.values) for one in kept):
        return ranked(sorted(value for one in kept for value in one.values), shares)
    weighted = sorted((value, one.count / len(one.values)) for one in kept for value in one.values)
    total = sum(one.count for one in kept)
    return tuple(_weighted_rank(weighted, share * total) for share in shares)


def ranked(ordered: Sequence[float], shares: Sequence[float]) -> tuple[float, ...]:
    """Return the nearest-rank percentiles of figures in order; zeros where there is none."""
    if not ordered:
        return (0.0,) * len(shares)
    return tuple(ordered[max(math.ceil(share * len(ordered)) - 1, 0)] for share in shares)


def _weighted_rank(weighted: Sequence[tuple[float, float]], rank: float) -> float:
    passed = 0.0
    for value, weight in weighted:
        passed += weight
        if passed >= rank - 1e-6:
            return value
    return weighted[-1][0]
