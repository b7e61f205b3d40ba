"""The fleet on virtual time: shared starts, sleep, scaling, the ceiling, actions, closing."""

import asyncio
from collections import Counter

import pytest

from core.containers.errors import MAX_INSTANCES
from core.events.types import (
    PHASE_NAMES,
    ColdStart,
    ColdStartWaiting,
    InstanceChanged,
    InstanceSample,
    PhaseBegan,
    RegionChanged,
)
from core.http.messages import Request
from tests.core.containers.rig import Recording, Rig, deployment, read, simulated


async def _visit(rig: Rig, count: int, concurrency: int, region: str = "us-east") -> Counter[int]:
    gate = asyncio.Semaphore(concurrency)

    async def one(number: int) -> int:
        async with gate:
            return (await rig.get(f"/{number % 7}", region))[0]

    return Counter(await asyncio.gather(*(one(number) for number in range(count))))


def test_a_thousand_requests_against_a_cold_class_share_one_start() -> None:
    statuses, seen = simulated(deployment(), lambda rig: _visit(rig, 1000, 32))
    assert statuses == {200: 1000}
    (start,) = seen.of(ColdStart)
    assert (start.outcome, start.waited, start.instance) == ("ready", 32, "app-1")
    assert [event.waiting for event in seen.of(ColdStartWaiting)] == list(range(1, 33))


def test_a_cold_start_has_every_phase_in_order_and_without_gaps() -> None:
    _, seen = simulated(deployment(), lambda rig: rig.get())
    (start,) = seen.of(ColdStart)
    assert tuple(phase.name for phase in start.phases) == tuple(one for one in PHASE_NAMES if one != "delay")
    assert [event.phase for event in seen.of(PhaseBegan)] == [phase.name for phase in start.phases]
    for before, after in zip(start.phases, start.phases[1:], strict=False):
        assert after.start_ms == pytest.approx(before.start_ms + before.duration_ms, abs=0.01)
    assert start.total_ms == pytest.approx(start.phases[-1].start_ms, abs=0.01)
    assert {phase.kind for phase in start.phases} == {"emulated"}


def test_the_states_of_a_start_follow_each_other() -> None:
    _, seen = simulated(deployment(), lambda rig: rig.get())
    states = [state for state in seen.states("app-1") if state != "pulling"]
    assert states == ["placed", "creating", "starting", "running", "ready", "stopping", "stopped"]
    assert all(event.reason for event in seen.of(InstanceChanged) if event.state in ("placed", "stopped"))


def test_a_warm_request_waits_for_nothing() -> None:
    async def work(rig: Rig) -> tuple[float, float]:
        cold = await rig.fleet.fetch("app", "us-east", Request("GET", "/"))
        warm = await rig.fleet.fetch("app", "us-east", Request("GET", "/"))
        await read(cold), await read(warm)
        return cold.cold_wait_ms, warm.cold_wait_ms

    (cold_ms, warm_ms), seen = simulated(deployment(), work)
    assert warm_ms == 0.0
    assert cold_ms == pytest.approx(seen.of(ColdStart)[0].total_ms, abs=0.01)


def test_waiting_added_on_purpose_is_told_apart_and_is_the_end_of_the_wait() -> None:
    async def work(rig: Rig) -> list[tuple[float, float]]:
        first = asyncio.create_task(rig.fleet.fetch("app", "us-east", Request("GET", "/")))
        while not any(event.phase == "delay" for event in rig.seen.of(PhaseBegan)):
            await asyncio.sleep(0.01)
        late = await rig.fleet.fetch("app", "us-east", Request("GET", "/"))
        answers = [await first, late, await rig.fleet.fetch("app", "us-east", Request("GET", "/"))]
        for answer in answers:
            await read(answer)
        return [(answer.cold_wait_ms, answer.added_wait_ms) for answer in answers]

    (first, late, warm), seen = simulated(deployment(cold_start_delay="production"), work)
    (start,) = seen.of(ColdStart)
    (delay,) = (phase for phase in start.phases if phase.name == "delay")
    assert delay.duration_ms > 100
    assert first == pytest.approx((start.total_ms, delay.duration_ms), abs=0.01)
    assert late[0] == late[1] < delay.duration_ms
    assert warm == (0.0, 0.0)


def test_an_idle_instance_sleeps_and_wakes_under_its_own_name() -> None:
    async def work(rig: Rig) -> float:
        await rig.get()
        idle_from_s = rig.clock.now_s()
        await rig.seen.until_state("app-1", "stopping")
        slept_after_s = rig.clock.now_s() - idle_from_s
        await rig.seen.until_state("app-1", "stopped")
        assert (await rig.get())[0] == 200
        return slept_after_s

    slept_after_s, seen = simulated(deployment(sleep_after="20s"), work)
    assert slept_after_s == pytest.approx(20.0, abs=0.001)
    assert [start.instance for start in seen.of(ColdStart)] == ["app-1", "app-1"]
    assert "asleep" in next(one.reason for one in seen.of(InstanceChanged) if one.state == "stopping")


def test_a_body_that_is_not_read_yet_holds_sleep_off() -> None:
    async def work(rig: Rig) -> list[str]:
        answer = await rig.fleet.fetch("app", "us-east", Request("GET", "/"))
        await asyncio.sleep(65)
        states = rig.seen.states("app-1")
        await read(answer)
        await rig.seen.until_state("app-1", "stopped")
        return states

    states, _ = simulated(deployment(sleep_after="20s"), work)
    assert states[-1] == "ready"


def test_fixed_scaling_starts_as_many_as_declared_and_spreads_over_them() -> None:
    async def work(rig: Rig) -> Counter[str]:
        await _visit(rig, 60, 12)
        answers = [await rig.fleet.fetch("app", "us-east", Request("GET", "/")) for _ in range(6)]
        return Counter(answer.instance for answer in answers)

    used, seen = simulated(deployment(scaling={"instances": 3}), work)
    assert used == {"app-1": 2, "app-2": 2, "app-3": 2}
    assert len(seen.of(ColdStart)) == 3


def test_concurrency_scaling_starts_as_many_as_the_load_needs_and_no_more_than_allowed() -> None:
    scaling = {"policy": "concurrency", "target_concurrency": 4}
    _, seen = simulated(deployment(scaling=scaling, max_instances=3), lambda rig: _visit(rig, 2000, 40))
    starts = seen.of(ColdStart)
    assert [start.instance for start in starts] == ["app-1", "app-2", "app-3"]
    assert [start.waited for start in starts] == [14, 13, 13]


def test_the_ceiling_over_all_regions_is_the_platforms_500() -> None:
    async def work(rig: Rig) -> tuple[int, bytes]:
        await rig.get(region="us-east")
        return await rig.get(region="eu-west")

    declared = deployment(regions=("us-east", "eu-west"), max_instances=1)
    (status, body), seen = simulated(declared, work)
    assert (status, body) == (500, f"Failed to start container: {MAX_INSTANCES}".encode())
    assert len(seen.of(ColdStart)) == 1


def test_an_unknown_class_or_region_is_answered_not_raised() -> None:
    (status, body), _ = simulated(deployment(), lambda rig: rig.get(region="mars"))
    assert status == 500
    assert b"mars" in body


def test_samples_come_while_something_runs_and_stay_below_the_limit() -> None:
    async def work(rig: Rig) -> int:
        await asyncio.sleep(30)
        before = len(rig.seen.of(InstanceSample))
        await rig.get()
        await asyncio.sleep(10)
        return before

    before, seen = simulated(deployment(), work)
    samples = seen.of(InstanceSample)
    assert before == 0
    assert 18 <= len(samples) <= 22
    assert all(0 < one.app_memory_mib < one.memory_mib < one.memory_limit_mib == 256 for one in samples)
    assert [one.cpu_total_s for one in samples] == sorted(one.cpu_total_s for one in samples)


def test_stopping_an_instance_that_starts_answers_those_who_wait() -> None:
    async def work(rig: Rig) -> tuple[int, bytes]:
        waiting = asyncio.ensure_future(rig.get())
        await rig.seen.until_state("app-1", "running")
        rig.fleet.act("kill", "app-1")
        return await waiting

    (status, body), seen = simulated(deployment(), work)
    assert (status, body) == (500, b"Failed to start container: killed from the console")
    (start,) = seen.of(ColdStart)
    assert (start.outcome, start.waited) == ("failed", 1)


def test_a_client_that_goes_away_does_not_end_the_start() -> None:
    async def work(rig: Rig) -> None:
        waiting = asyncio.ensure_future(rig.get())
        await rig.seen.until_state("app-1", "starting")
        waiting.cancel()
        await rig.seen.until_state("app-1", "ready")

    _, seen = simulated(deployment(), work)
    (start,) = seen.of(ColdStart)
    assert (start.outcome, start.waited, len(start.phases)) == ("ready", 1, 5)


def test_killing_it_mid_request_is_a_sudden_disconnect() -> None:
    async def work(rig: Rig) -> tuple[int, bytes]:
        await rig.get()
        asking = asyncio.ensure_future(rig.get("/slow"))
        await asyncio.sleep(0.0001)
        rig.fleet.act("kill", "app-1")
        return await asking

    answer, _ = simulated(deployment(), work)
    assert answer == (500, b"Container suddenly disconnected, try again")


def test_closing_leaves_everything_stopped() -> None:
    _, seen = simulated(deployment(scaling={"instances": 2}), lambda rig: _visit(rig, 20, 5))
    for name in ("app-1", "app-2"):
        assert seen.last(name).state == "stopped"
        assert seen.last(name).reason == "the deployment is going down"


def test_regions_are_ready_when_the_fleet_is_open() -> None:
    async def work(rig: Rig) -> list[str]:
        return [event.state for event in rig.seen.of(RegionChanged)]

    states, _ = simulated(deployment(regions=("us-east", "eu-west")), work)
    assert states == ["ready", "ready"]


def test_the_same_seed_gives_the_same_events_and_another_seed_others() -> None:
    def run(seed: int) -> Recording:
        return simulated(deployment(sleep_after="5s"), lambda rig: _visit(rig, 200, 8), seed=seed)[1]

    assert run(1).events == run(1).events
    assert run(1).events != run(2).events
