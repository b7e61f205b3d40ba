"""The measured distribution of cold starts, drawn the same on every machine."""

import statistics

from core.containers.start_times import SLOW_SHARE, draw_total_s, generator


def test_totals_are_distributed_as_measured() -> None:
    rng = generator("totals")
    drawn = [draw_total_s(rng) for _ in range(20_000)]
    percentiles = statistics.quantiles([total_s for total_s, _ in drawn], n=100)
    assert 1.33 < percentiles[49] < 1.43
    assert 9.0 < percentiles[94] < 10.8
    assert 2.35 < statistics.fmean(total_s for total_s, _ in drawn) < 2.65
    assert abs(sum(slow for _, slow in drawn) / len(drawn) - SLOW_SHARE) < 0.01


def test_slow_starts_are_told_apart() -> None:
    rng = generator("slow")
    drawn = [draw_total_s(rng) for _ in range(2000)]
    slow_s, fast_s = ([total_s for total_s, slow in drawn if slow is wanted] for wanted in (True, False))
    assert statistics.median(slow_s) > max(5.0, statistics.median(fast_s))
