"""Windows move with time, keep a bounded number of seconds, and percentiles are the nearest rank's."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.frames.window import (
    SAMPLES_PER_SECOND,
    WINDOW_S,
    Sampled,
    SecondRing,
    percentiles,
    ranked,
    window_length_s,
)

figures = st.lists(st.floats(0, 1e6), max_size=60)


def ring_of(seconds: list[int], size: int) -> SecondRing[list[int]]:
    ring = SecondRing[list[int]](list, size)
    for second in seconds:
        bucket = ring.at(second + 0.5)
        if bucket is not None:
            bucket.append(second)
    return ring


@given(st.lists(st.integers(0, 200), max_size=60), st.integers(1, 20), st.integers(0, 250))
def test_a_window_holds_what_happened_in_its_seconds(seconds: list[int], size: int, now: int) -> None:
    in_order = sorted(seconds)
    ring = ring_of(in_order, size)
    newest = max(seconds, default=0)
    wanted = [one for one in in_order if now - size < one <= now and newest - size < one]
    assert [one for bucket in ring.window(now + 0.9, size) for one in bucket] == wanted


@given(st.lists(st.integers(0, 10_000), max_size=80), st.integers(1, 20))
def test_a_ring_never_keeps_more_than_its_seconds(seconds: list[int], size: int) -> None:
    ring = ring_of(seconds, size)
    assert sum(ring.get(second) is not None for second in range(10_001)) <= size


def test_what_is_too_old_for_the_ring_has_no_bucket() -> None:
    ring = ring_of([100], 10)
    assert ring.at(90.9) is None
    assert ring.at(91.0) == []
    assert ring.get(99) is None


@pytest.mark.parametrize(
    ("now_s", "since_s", "length_s"),
    [
        (0.0, 0.0, 1.0),
        (0.4, 0.0, 1.0),
        (5.5, 0.0, 5.5),
        (5.5, 5.4, 1.0),
        (9.9, 0.0, 9.9),
        (100.25, 0.0, 9.25),
    ],
)
def test_a_window_is_as_long_as_the_run_and_at_most_ten_seconds(
    now_s: float, since_s: float, length_s: float
) -> None:
    assert window_length_s(now_s, since_s) == pytest.approx(length_s)
    assert length_s <= WINDOW_S


def sampled(values: list[float]) -> Sampled:
    kept = Sampled()
    for value in values:
        kept.add(value)
    return kept


@given(st.lists(figures, max_size=5), st.floats(0.01, 1))
def test_percentiles_are_exact_below_the_bound(seconds: list[list[float]], share: float) -> None:
    ordered = sorted(value for second in seconds for value in second)
    (found,) = percentiles([sampled(second) for second in seconds], [share])
    if not ordered:
        assert found == 0.0
        return
    assert found == ordered[math.ceil(share * len(ordered)) - 1]
    assert (found,) == ranked(ordered, [share])


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.integers(1, 2000))
def test_a_sample_is_bounded_counts_all_and_holds_nothing_else(values: list[float], times: int) -> None:
    kept = sampled((values * times)[:5000])
    assert kept.count == min(len(values) * times, 5000)
    assert len(kept.values) == min(kept.count, SAMPLES_PER_SECOND)
    assert set(kept.values) <= set(values)
    (p95,) = percentiles([kept], [0.95])
    assert min(values) <= p95 <= max(values)


def test_percentiles_of_a_sample_are_near_the_true_ones() -> None:
    """Of twenty thousand figures in one second the sample keeps 250: a few ranks in a hundred off."""
    crowd = sampled([float(number * 7919 % 20_000) for number in range(20_000)])
    p50, p95 = percentiles([crowd], [0.5, 0.95])
    assert p50 == pytest.approx(10_000, abs=2_000)
    assert p95 == pytest.approx(19_000, abs=900)


def test_a_crowded_second_weighs_as_much_as_it_had() -> None:
    """Ten thousand slow requests in one second outweigh two hundred quick ones in the next."""
    p2, p50 = percentiles([sampled([900.0] * 10_000), sampled([1.0] * 200)], [0.015, 0.5])
    assert (p2, p50) == (1.0, 900.0)


def test_figures_not_in_order_make_the_same_sample_each_time() -> None:
    values = [float(number * 31 % 1009) for number in range(3000)]
    assert sampled(values).values == sampled(values).values
