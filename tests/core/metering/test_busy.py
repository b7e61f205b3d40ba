"""Busy time is the union of the requests' times: what overlaps counts once."""

from hypothesis import given
from hypothesis import strategies as st

from core.metering.busy import KEPT_INTERVALS, BusyTime

spans = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 60)), max_size=KEPT_INTERVALS)


def busy_of(intervals: list[tuple[int, int]], since_us: int = 0) -> BusyTime:
    busy = BusyTime(since_us)
    for start_us, end_us in intervals:
        busy.add(start_us, end_us)
    return busy


@given(spans, st.integers(0, 200))
def test_busy_time_is_the_union_in_any_order(found: list[tuple[int, int]], since_us: int) -> None:
    intervals = [(start, start + length) for start, length in found]
    union = {moment for start, end in intervals for moment in range(max(start, since_us), end)}
    assert busy_of(intervals, since_us).total_us == len(union)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**4)), max_size=300))
def test_busy_time_never_shrinks_and_is_never_more_than_the_union(found: list[tuple[int, int]]) -> None:
    busy, before = BusyTime(0), 0
    for start, length in found:
        busy.add(start, start + length)
        assert busy.total_us >= before
        before = busy.total_us
    ends = [start + length for start, length in found]
    assert before <= max(ends, default=0)
    assert before <= sum(length for _, length in found)


def test_many_separate_times_in_order_all_count() -> None:
    assert busy_of([(n * 10, n * 10 + 4) for n in range(10 * KEPT_INTERVALS)]).total_us == 40 * KEPT_INTERVALS


def test_what_ends_before_it_starts_is_nothing() -> None:
    assert busy_of([(50, 40), (7, 7)]).total_us == 0
