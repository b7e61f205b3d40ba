"""A fleet that scales, on virtual time: ahead of demand, down without cutting a request, then asleep."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from core.containers.errors import MAX_INSTANCES
from core.containers.start_queue import PARALLEL_STARTS
from core.events.types import InstanceChanged, ScalingDecided
from core.http.messages import Request
from tests.core.containers.rig import Recording, Rig, deployment, read, simulated
from tests.core.containers.scaling.crowd import HOLD_S, Crowd, numbers, reasons

CROWDED = {"policy": "concurrency", "target_concurrency": 16, "cool_down": "30s"}


async def _step(rig: Rig) -> Counter[int]:
    """Let 1 visitor come, then 300, then 1, then none, until all sleeps."""
    crowd = Crowd(rig)
    for visitors, for_s in ((1, 20), (300, 60), (1, 90)):
        async with crowd.of(visitors):
            await asyncio.sleep(for_s)
    await rig.seen.until(lambda: numbers(rig.seen)[-1] == 0, 200.0)
    return crowd.statuses


def _load_step(seed: int = 1, **scaling: Any) -> tuple[Counter[int], Recording]:
    declared = deployment(scaling=CROWDED | scaling, sleep_after="60s", max_instances=40)
    return simulated(declared, _step, seed=seed)


def test_a_load_step_scales_up_then_down_then_to_zero_each_with_its_reason() -> None:
    statuses, seen = _load_step()
    assert set(statuses) == {200}
    decided = seen.of(ScalingDecided)
    assert [one.before for one in decided] == [0, *[one.instances for one in decided[:-1]]]
    assert numbers(seen)[:19] == list(range(1, 20))
    assert reasons(seen)[0] == "1 request at once needs 1 instance at 16 each"
    assert reasons(seen)[18] == "289 requests at once need 19 instances at 16 each"
    # The crowd leaves within two seconds: what was needed last of it holds for one more cool-down.
    *fewer, one_left, asleep = decided[19:]
    assert [one.instances for one in (one_left, asleep)] == [1, 0]
    assert all(1 < one.instances < one.before for one in fewer)
    assert one_left.reason.startswith("for 30 s no more than 1 was needed")
    assert asleep.reason == "asleep: no request for 60 s"


def test_a_load_step_is_the_same_again_with_the_same_seed() -> None:
    assert _load_step(seed=3)[1].events == _load_step(seed=3)[1].events


def test_starts_come_a_few_at_a_time_and_before_the_requests_that_need_them() -> None:
    _, seen = _load_step()
    states: dict[str, str] = {}
    for event in seen.of(InstanceChanged):
        states[event.instance] = event.state
        with_engine = [one for one in states.values() if one in ("placed", "pulling", "creating", "starting")]
        assert len(with_engine) <= PARALLEL_STARTS
    placed = [event.reason for event in seen.of(InstanceChanged) if event.state == "placed"]
    assert placed[0] == "a request needs it"
    assert all(reason.startswith("scaled to ") for reason in placed[1:])


@pytest.mark.parametrize("policy", ["queue", "cpu", "fixed"])
def test_every_policy_brings_a_load_step_back_to_zero(policy: str) -> None:
    statuses, seen = _load_step(policy=policy, target_queue=290, target_cpu_percent=40, instances=4)
    assert set(statuses) == {200}
    assert max(numbers(seen)) >= 4
    assert numbers(seen)[-1] == 0
    assert all(one.policy == policy and one.reason for one in seen.of(ScalingDecided))


def test_the_class_ceiling_and_the_regions_hold_and_are_named() -> None:
    _, seen = _load_step(max_instances_per_region=5)
    assert max(numbers(seen)) == 5
    _, seen = simulated(deployment(scaling=CROWDED, max_instances=3, sleep_after="9s"), _step)
    assert max(numbers(seen)) == 3
    assert all("need" in reason or "asleep" in reason for reason in reasons(seen))


def test_another_region_takes_what_is_left_of_the_class_and_is_refused_beyond() -> None:
    async def work(rig: Rig) -> list[tuple[int, bytes]]:
        async with Crowd(rig).of(100):
            await asyncio.sleep(20.0)
            return [await rig.get(region="eu-west")]

    declared = deployment(regions=("us-east", "eu-west"), scaling=CROWDED, max_instances=3)
    answers, seen = simulated(declared, work)
    assert answers == [(500, f"Failed to start container: {MAX_INSTANCES}".encode())]
    assert {one.region for one in seen.of(ScalingDecided)} == {"us-east"}


def test_a_minimum_is_started_without_a_request_and_never_sleeps() -> None:
    async def work(rig: Rig) -> list[str]:
        await rig.seen.until_state("app-2", "ready")
        await asyncio.sleep(300.0)
        return [rig.seen.last(name).state for name in ("app-1", "app-2")]

    states, seen = simulated(deployment(scaling={"min_instances": 2}, sleep_after="10s"), work)
    assert states == ["ready", "ready"]
    assert reasons(seen)[0] == "2 are kept running at least (min_instances)"


def test_above_a_minimum_the_rest_sleeps() -> None:
    async def work(rig: Rig) -> int:
        async with Crowd(rig).of(3):
            await asyncio.sleep(20.0)
        await asyncio.sleep(100.0)
        return sum(not one.is_down for one in rig.fleet.instances())

    scaling = {"instances": 3, "min_instances": 1}
    left, seen = simulated(deployment(scaling=scaling, sleep_after="10s"), work)
    assert left == 1
    assert numbers(seen)[:3] == [1, 2, 3]
    assert numbers(seen)[-1] == 1


def test_one_of_the_minimum_that_is_killed_is_replaced() -> None:
    async def work(rig: Rig) -> None:
        await rig.seen.until_state("app-1", "ready")
        rig.fleet.act("kill", "app-1")
        await rig.seen.until_state("app-1", "ready", times=2)

    _, seen = simulated(deployment(scaling={"min_instances": 1}), work)
    assert seen.states("app-1").count("ready") == 2


def test_an_instance_that_is_emptied_gets_nothing_new_and_its_request_is_not_cut() -> None:
    async def work(rig: Rig) -> tuple[int, list[str]]:
        async with Crowd(rig).of(4):
            await asyncio.sleep(30.0)
        held = [await rig.fleet.fetch("app", "us-east", Request("GET", "/")) for _ in range(2)]
        assert {one.instance for one in held} == {"app-1", "app-2"}
        rig.fleet.scale("app", "us-east", 1)
        new = [await rig.fleet.fetch("app", "us-east", Request("GET", "/")) for _ in range(3)]
        await asyncio.sleep(3.0)
        bodies = [await read(one) for one in (*held, *new)]
        await rig.seen.until_state("app-2", "stopped")
        return len([body for body in bodies if body]), [one.instance for one in new]

    scaling = {"policy": "concurrency", "target_concurrency": 2}
    (answered, used), seen = simulated(deployment(scaling=scaling), work)
    assert answered == 5
    assert used == ["app-1"] * 3
    assert seen.last("app-2").reason == "scaled down to 1: a person asked for 1"


def test_one_that_is_being_emptied_is_taken_back_when_it_is_needed() -> None:
    async def work(rig: Rig) -> list[str]:
        async with Crowd(rig).of(4):
            await asyncio.sleep(30.0)
        held = [await rig.fleet.fetch("app", "us-east", Request("GET", "/")) for _ in range(2)]
        rig.fleet.scale("app", "us-east", 1)
        rig.fleet.scale("app", "us-east", 2)
        await asyncio.sleep(HOLD_S)
        for one in held:
            await read(one)
        await asyncio.sleep(30.0)
        return rig.seen.states("app-2")

    scaling = {"policy": "concurrency", "target_concurrency": 2}
    states, _ = simulated(deployment(scaling=scaling), work)
    assert states[-1] == "ready"
    assert states.count("ready") == 1


def test_a_start_that_fails_is_not_tried_for_nobody() -> None:
    async def work(rig: Rig) -> int:
        asking = asyncio.ensure_future(rig.get())
        await rig.seen.until_state("app-1", "running")
        rig.fleet.act("kill", "app-1")
        status, _ = await asking
        await asyncio.sleep(60.0)
        return status

    status, seen = simulated(deployment(scaling=CROWDED), work)
    assert status == 500
    assert seen.states("app-1").count("placed") == 1
    assert numbers(seen) == [1, 0]
