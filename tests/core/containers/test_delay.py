"""The waiting added to a start: it fills up to a start on the platform, and never goes below nothing."""

import random
import statistics

from hypothesis import given
from hypothesis import strategies as st

from core.containers.delay import delay_generator, production_delay_s
from core.containers.start_times import draw_total_s


@given(st.integers(0, 2**32), st.floats(0, 60))
def test_the_start_and_its_delay_together_last_as_long_as_the_one_drawn(seed: int, elapsed_s: float) -> None:
    drawn_s, _ = draw_total_s(random.Random(seed))
    delay_s = production_delay_s(random.Random(seed), elapsed_s)
    assert delay_s >= 0
    if delay_s:
        assert abs(elapsed_s + delay_s - drawn_s) < 1e-9
    else:
        assert elapsed_s >= drawn_s


def test_starts_with_their_delays_are_distributed_as_on_the_platform() -> None:
    rng = delay_generator("shop", "app-1")
    totals_s = [0.2 + production_delay_s(rng, 0.2) for _ in range(4000)]
    assert 1.3 < statistics.median(totals_s) < 1.46


def test_each_instance_has_delays_of_its_own_the_same_in_every_run() -> None:
    def delays_s(deployment: str, instance: str) -> list[float]:
        rng = delay_generator(deployment, instance)
        return [production_delay_s(rng, 0.0) for _ in range(3)]

    assert delays_s("shop", "app-1") == delays_s("shop", "app-1")
    assert len({*delays_s("shop", "app-1"), *delays_s("shop", "app-2"), *delays_s("club", "app-1")}) == 9
