"""Scaling costs nothing while everything sleeps, and keeps a schedule's times."""

import asyncio
from datetime import UTC, datetime

import pytest

from core.containers.scaling import upkeep
from core.containers.scaling.scaler import Scaler
from core.containers.scaling.upkeep import until_next_s
from core.events.types import ScalingDecided
from core.model.scaling import ScheduleEntry
from tests.core.containers.rig import Rig, deployment, simulated
from tests.core.containers.scaling.crowd import numbers, reasons

SCHEDULE = [{"at": "08:00", "instances": 2}, {"at": "09:30", "instances": 1}, {"at": "20:00", "instances": 0}]
_HOUR_S = 3600.0


def test_a_schedule_is_kept_to_the_second_without_any_request() -> None:
    async def work(rig: Rig) -> None:
        await asyncio.sleep(30 * _HOUR_S)

    scaling = {"policy": "schedule", "schedule": SCHEDULE}
    _, seen = simulated(deployment(scaling=scaling, sleep_after="10s"), work)
    decided = seen.of(ScalingDecided)
    # At 20:00 the last one is left to its sleep: ten seconds, its stop, and the look that notices.
    assert numbers(seen)[:3] == [2, 1, 0]
    assert [one.time_s / _HOUR_S for one in decided[:2]] == [
        pytest.approx(8.0, abs=0.0003),
        pytest.approx(9.5, abs=0.0003),
    ]
    assert 0 <= decided[2].time_s - 20 * _HOUR_S <= 15.0
    assert reasons(seen)[0] == "the schedule asks for 2 instances from 08:00 UTC on"


def test_outside_its_hours_a_schedule_lets_a_request_wake_one() -> None:
    async def work(rig: Rig) -> int:
        status, _ = await rig.get()
        await rig.seen.until_state("app-1", "stopped")
        return status

    scaling = {"policy": "schedule", "schedule": SCHEDULE}
    status, seen = simulated(deployment(scaling=scaling, sleep_after="10s"), work)
    assert status == 200
    assert reasons(seen)[0] == "1 request at once, and the schedule asks for none at this hour"
    assert seen.last("app-1").reason == "asleep: no request for 10 s"


def test_nothing_is_looked_at_while_everything_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    review = Scaler.review

    async def work(rig: Rig) -> tuple[int, int]:
        def counted(scaler: Scaler, *, arriving: bool = False) -> None:
            looks.append(rig.clock.now_s())
            review(scaler, arriving=arriving)

        monkeypatch.setattr(Scaler, "review", counted)
        await asyncio.sleep(1000.0)
        before = len(looks)
        await rig.get()
        await asyncio.sleep(1000.0)
        return before, len(looks)

    (before, after), _ = simulated(deployment(sleep_after="10s"), work)
    assert before <= 1
    assert after - before <= 20 / upkeep.TICK_S


@pytest.mark.parametrize(
    ("hour", "minute", "second", "expected_s"),
    [(7, 59, 59, 1.0), (8, 0, 0, 1.5 * _HOUR_S), (9, 30, 0, 10.5 * _HOUR_S), (20, 0, 0, 12 * _HOUR_S)],
)
def test_the_next_time_of_a_schedule_is_found(hour: int, minute: int, second: int, expected_s: float) -> None:
    entries = [ScheduleEntry.model_validate(entry) for entry in SCHEDULE]
    assert until_next_s(entries, datetime(2026, 1, 1, hour, minute, second, tzinfo=UTC)) == expected_s


def test_without_a_schedule_there_is_no_next_time() -> None:
    assert until_next_s([], datetime(2026, 1, 1, tzinfo=UTC)) is None
