"""Draws: the measured distributions, the same on every machine."""

import statistics

from hypothesis import given
from hypothesis import strategies as st

from core.containers.drivers.simulated.draws import draw_start, generator, service_median_s


def test_cold_starts_are_distributed_as_measured() -> None:
    rng = generator("cold starts")
    totals = []
    for _ in range(4000):
        times = draw_start(rng)
        totals.append(times.image_s + times.create_s + times.start_s + times.boot_s)
    percentiles = statistics.quantiles(totals, n=100)
    assert 1.3 < percentiles[49] < 1.5
    assert 8.5 < percentiles[94] < 11.5
    assert 2.2 < statistics.fmean(totals) < 2.8


def test_a_generator_depends_on_its_parts_alone() -> None:
    assert generator(1, "us-east", "app-1").random() == generator(1, "us-east", "app-1").random()
    assert generator(1, "us-east", "app-1").random() != generator(1, "us-east", "app-2").random()
    assert generator("ab", "c").random() != generator("a", "bc").random()


def test_the_first_draw_is_this_very_number() -> None:
    assert generator(1, "us-east", "app-1", 1).random() == 0.5077159693585197


@given(st.text())
def test_a_path_takes_between_2_and_60_ms(path: str) -> None:
    assert 0.002 <= service_median_s(path) <= 0.06
    assert service_median_s(path) == service_median_s(path)
