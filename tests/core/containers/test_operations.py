"""What a Worker does with a named instance, and what it is answered."""

import asyncio
from typing import Any

import pytest

from core.clock import VIRTUAL_EPOCH
from core.containers.signals import InstanceSignal
from core.events.types import ColdStart, InstanceChanged
from tests.core.containers.rig import Rig, deployment, simulated


def test_one_that_never_ran_is_stopped() -> None:
    async def work(rig: Rig) -> tuple[int, object]:
        return await rig.operate("user-1", "state")

    answer, seen = simulated(deployment(), work)
    assert answer == (200, {"status": "stopped", "exit_code": None, "since_ms": 0})
    assert seen.of(InstanceChanged) == []


def test_the_states_have_the_platforms_names() -> None:
    async def work(rig: Rig) -> list[str]:
        statuses = [(await rig.operate("user-1", "start"))[1]["status"]]
        await rig.seen.until_state("app-user-1", "ready")
        statuses.append(await rig.status_of("user-1"))
        statuses.append((await rig.operate("user-1", "signal", signal=15))[1]["status"])
        await rig.seen.until_state("app-user-1", "stopping")
        statuses.append(await rig.status_of("user-1"))
        await rig.seen.until_state("app-user-1", "stopped")
        return [*statuses, await rig.status_of("user-1")]

    statuses, _ = simulated(deployment(), work)
    assert statuses == ["running", "healthy", "healthy", "stopping", "stopped_with_code"]


def test_a_state_tells_since_when() -> None:
    async def work(rig: Rig) -> tuple[int, float]:
        await rig.operate("user-1", "start", wait=True)
        ready_s = rig.clock.now_s()
        await asyncio.sleep(7)
        return (await rig.operate("user-1", "state"))[1]["since_ms"], ready_s

    (since_ms, ready_s), _ = simulated(deployment(), work)
    assert since_ms == pytest.approx((VIRTUAL_EPOCH.timestamp() + ready_s) * 1000, abs=1)


def test_a_start_that_waits_tells_how_long_and_a_second_one_joins_it() -> None:
    async def work(rig: Rig) -> list[float]:
        starts = (rig.fleet.operate("app", "us-east", "user-1", "start", {"wait": True}) for _ in range(3))
        answers = await asyncio.gather(*starts)
        warm = await rig.fleet.operate("app", "us-east", "user-1", "start", {"wait": True})
        return [answer.cold_wait_ms for answer in (*answers, warm)]

    (*cold, warm), seen = simulated(deployment(), work)
    (start,) = seen.of(ColdStart)
    assert cold == [pytest.approx(start.total_ms, abs=0.01)] * 3
    assert warm == 0.0
    assert start.waited == 3


def test_a_signal_that_the_program_dies_of_was_wanted() -> None:
    async def work(rig: Rig) -> tuple[object, list[InstanceSignal]]:
        await rig.call("user-1")
        await rig.operate("user-1", "signal", signal=2)
        await rig.seen.until_state("app-user-1", "stopped")
        return (await rig.operate("user-1", "state"))[1]["exit_code"], list(await rig.until_signals(1))

    (exit_code, [signal]), seen = simulated(deployment(), work)
    assert exit_code == 130
    assert (signal.kind, signal.exit_code, signal.reason) == ("stopped", 130, "runtime_signal")
    assert seen.last("app-user-1").reason == "the program ended with exit code 130 after the signal 2"


def test_destroying_ends_it_at_once_and_is_no_error_when_nothing_runs() -> None:
    async def work(rig: Rig) -> list[object]:
        await rig.call("user-1")
        return [(await rig.operate(name, "destroy"))[1]["exit_code"] for name in ("user-1", "user-2")]

    codes, seen = simulated(deployment(), work)
    assert codes == [137, None]
    assert seen.last("app-user-1").reason == "destroyed by the Worker"


def test_the_idle_time_can_be_set_for_one_instance_and_set_back() -> None:
    async def work(rig: Rig) -> list[float]:
        times: list[float] = []
        for seconds in (5.0, None):
            await rig.call("user-1")
            await rig.operate("user-1", "sleep_after", seconds=3600)
            idle_from_s = rig.clock.now_s()
            await asyncio.sleep(1)
            await rig.operate("user-1", "sleep_after", seconds=seconds)
            await rig.seen.until_state("app-user-1", "stopped", times=len(times) + 1)
            stopping = [one for one in rig.seen.of(InstanceChanged) if one.state == "stopping"][-1]
            times.append(stopping.time_s - idle_from_s)
        return times

    times, _ = simulated(deployment(sleep_after="20s"), work)
    assert times == [pytest.approx(5.0, abs=0.001), pytest.approx(20.0, abs=0.001)]


def test_renewing_lets_the_idle_time_start_anew() -> None:
    async def work(rig: Rig) -> float:
        await rig.call("user-1")
        idle_from_s = rig.clock.now_s()
        await asyncio.sleep(15)
        await rig.operate("user-1", "renew")
        await rig.seen.until_state("app-user-1", "stopping")
        return rig.clock.now_s() - idle_from_s

    slept_after_s, _ = simulated(deployment(sleep_after="20s"), work)
    assert slept_after_s == pytest.approx(35.0, abs=0.001)


@pytest.mark.parametrize(
    ("operation", "options", "text"),
    [
        ("dance", {}, "there is no operation dance, only start, state, signal"),
        ("signal", {"signal": 65}, "a signal is a number from 1 to 64, not 65"),
        ("signal", {"signal": "SIGTERM"}, "a signal is a number from 1 to 64, not 'SIGTERM'"),
        ("sleep_after", {"seconds": -1}, "sleep_after must be a number of seconds greater than 0, not -1"),
        ("start", {"env": {"A": 1}}, "start() cannot use these options: Expected `str`, got `int`"),
        ("start", {"port": 70_000}, "start() cannot use these options: 70000 is no port"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(operation: str, options: dict[str, Any], text: str) -> None:
    async def work(rig: Rig) -> tuple[int, object]:
        await rig.call("user-1")
        return await rig.operate("user-1", operation, **options)

    (status, body), _ = simulated(deployment(), work)
    assert status == 400
    assert str(body).startswith(text)


def test_a_start_over_max_instances_is_refused_as_a_request_is() -> None:
    async def work(rig: Rig) -> tuple[int, object]:
        await rig.call("user-1")
        return await rig.operate("user-2", "start")

    (status, body), _ = simulated(deployment(max_instances=1), work)
    assert status == 500
    assert str(body).startswith("Failed to start container: Maximum number of running container instances")
