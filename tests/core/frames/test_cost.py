"""The cost meter: exact to the last digit, its rate that of what runs and what the last seconds used."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events.types import AnyEvent
from core.frames.cost import CostFold
from core.frames.frame import HISTORY_SAMPLES, CostFrame
from core.metering.book import load_book
from tests import streams
from tests.core.events.examples import STARTED, runs
from tests.core.frames.events import changed, request

GIB_SECOND_USD = Decimal("0.0000025")
GB_SECOND_DISK_USD = Decimal("0.00000007")
OBJECT_SECOND_USD = Decimal("0.128") * Decimal("0.0000125")
APP_SECOND_USD = GIB_SECOND_USD + 4 * GB_SECOND_DISK_USD + OBJECT_SECOND_USD
"""What one second of an instance of app (1,024 MiB, 4,000 MB of disk) costs while it serves nothing."""


def fold_of(events: list[AnyEvent]) -> CostFold:
    fold = CostFold(load_book())
    for event in events:
        fold.apply(event)
    return fold


def running(*names: str) -> list[AnyEvent]:
    return [STARTED, *(changed(0.0, name, "ready") for name in names)]


def test_an_idle_instance_costs_its_memory_its_disk_and_its_object() -> None:
    cost = fold_of(running("app-1")).frame(100.0, since_s=0.0)
    assert Decimal(cost.so_far_usd) == APP_SECOND_USD * 100
    assert Decimal(cost.rate_usd_per_hour) == (APP_SECOND_USD * 3600).quantize(Decimal("0.000001"))
    assert Decimal(cost.month_usd) == pytest.approx(APP_SECOND_USD * 3600 * 730, abs=Decimal("0.0001"))
    assert cost.idle_share == 1.0


def test_what_runs_no_more_costs_no_more() -> None:
    fold = fold_of([*running("app-1"), changed(50.0, "app-1", "stopped")])
    assert fold.frame(50.0, 0.0).so_far_usd == fold.frame(5000.0, 0.0).so_far_usd
    assert fold.frame(5000.0, 0.0).rate_usd_per_hour == "0"


def test_requests_cost_for_as_long_as_the_window_sees_them() -> None:
    events: list[AnyEvent] = [STARTED, *(request(100.0 + number / 100) for number in range(500))]
    fold = fold_of(events)
    seen = fold.frame(106.0, since_s=0.0)
    per_hour = Decimal("0.0000003") * 500 / 9 * 3600
    assert Decimal(seen.rate_usd_per_hour) == per_hour.quantize(Decimal("0.000001"))
    assert fold.frame(116.0, since_s=0.0).rate_usd_per_hour == "0"


def test_history_is_the_rate_of_each_whole_second() -> None:
    history = fold_of(running("app-1", "app-2")).frame(30.5, since_s=0.0).rate_history_usd_per_hour
    assert len(history) == 30
    assert set(history) == {round(float(APP_SECOND_USD * 2 * 3600), 6)}


def test_a_long_quiet_time_leaves_no_more_than_its_last_seconds() -> None:
    fold = fold_of(running("app-1"))
    fold.apply(request(100_000.0))
    history = fold.frame(100_000.5, since_s=0.0).rate_history_usd_per_hour
    assert len(history) == HISTORY_SAMPLES
    assert max(history) == pytest.approx(float(APP_SECOND_USD * 3600), abs=1e-6)


@given(runs, st.lists(st.floats(400, 2000), max_size=6))
def test_a_frame_is_the_same_whatever_frames_were_asked_for_before(
    events: list[AnyEvent], times_s: list[float]
) -> None:
    asked = fold_of(events)
    for time_s in times_s:
        assert asked.frame(time_s, 0.0) == fold_of(events).frame(time_s, 0.0)


@given(runs, st.floats(0, 600))
def test_the_lines_add_up_to_what_is_owed_so_far(events: list[AnyEvent], time_s: float) -> None:
    cost = fold_of(events).frame(max(time_s, events[-1].time_s), since_s=0.0)
    assert sum(Decimal(line.amount_usd) for line in cost.lines) == Decimal(cost.so_far_usd)
    for line in cost.lines:
        assert Decimal(line.quantity) * Decimal(line.unit_price_usd) == Decimal(line.amount_usd) >= 0
    assert Decimal(cost.rate_usd_per_hour) >= 0
    assert min(cost.rate_history_usd_per_hour, default=0.0) >= 0


@given(runs)
def test_what_is_owed_never_shrinks(events: list[AnyEvent]) -> None:
    fold, before = CostFold(load_book()), Decimal(0)
    for event in events:
        fold.apply(event)
        now = Decimal(fold.frame(event.time_s, 0.0).so_far_usd)
        assert now >= before
        before = now


def test_a_busy_deployment_has_a_line_for_each_price_and_is_partly_idle() -> None:
    cost = busy_cost()
    assert [line.item for line in cost.lines] == [price.item for price in load_book().prices]
    assert cost.book == "ga, 2026-11-23"
    assert 0 < cost.idle_share < 1


def busy_cost() -> CostFrame:
    return streams.frame_of(streams.busy()).cost
