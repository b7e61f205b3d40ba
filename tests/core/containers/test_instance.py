"""One instance: wishes at every moment of its life, and the steps that it publishes."""

import asyncio
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.containers.drivers.protocol import DriverUnavailable, InstancePlan
from core.containers.ending import Wish
from core.containers.instance import Instance
from core.containers.lifecycle import DOWN_STATES, TRANSITIONS
from core.events.types import ColdStart, InstanceChanged, InstanceState
from tests.core.containers.rig import Recording, Rig, deployment, simulated

DECLARED = deployment(sleep_after="1h", restart="on-failure")
UNDER_WAY: tuple[InstanceState, ...] = ("placed", "creating", "starting", "running", "ready")


async def begun(rig: Rig) -> tuple[Instance, "asyncio.Task[tuple[int, bytes]]"]:
    """Return the class's first instance, and the request that starts it."""
    asking = asyncio.create_task(rig.get())
    await rig.seen.until(lambda: bool(rig.seen.of(InstanceChanged)))
    return rig.fleet.instances()[0], asking


def steps(seen: Recording) -> list[InstanceState]:
    """Return the states that the first instance went through, a line of progress left out."""
    states = [one.state for one in seen.of(InstanceChanged) if one.instance == "app-1"]
    return [one for one, _ in groupby(states)]


@pytest.mark.parametrize("state", UNDER_WAY)
def test_a_wish_ends_it_in_any_state_and_the_request_is_answered(state: InstanceState) -> None:
    async def work(rig: Rig) -> int:
        instance, asking = await begun(rig)
        await rig.seen.until_state("app-1", state)
        instance.ask(Wish("no more"))
        await instance.until_down()
        return (await asking)[0]

    status, seen = simulated(DECLARED, work)
    assert status in ((200, 500) if state == "ready" else (500,))
    assert steps(seen)[-2:] == ["stopping", "stopped"]
    assert seen.last("app-1").reason == "no more"
    (start,) = seen.of(ColdStart)
    assert start.outcome == ("ready" if state == "ready" else "failed")


@pytest.mark.parametrize("state", UNDER_WAY)
def test_the_loss_of_its_engine_fails_it_in_any_state(state: InstanceState) -> None:
    async def work(rig: Rig) -> int:
        instance, asking = await begun(rig)
        await rig.seen.until_state("app-1", state)
        instance.ask(Wish("gone", lost=DriverUnavailable("the engine is gone")))
        await instance.until_down()
        return (await asking)[0]

    status, seen = simulated(DECLARED, work)
    assert status in ((200, 500, 503) if state == "ready" else (503,))
    assert steps(seen)[-1] == "failed"
    assert seen.last("app-1").reason == "the engine is gone"


def test_a_kill_cuts_the_grace_of_a_stop_short() -> None:
    async def work(rig: Rig) -> float:
        instance, asking = await begun(rig)
        await asking

        async def ignored(plan: InstancePlan, grace_s: float) -> None:
            await asyncio.wait(
                {asyncio.ensure_future(instance.driver.wait_until_exit(plan))}, timeout=grace_s
            )

        instance.driver.stop = ignored  # type: ignore[method-assign]
        instance.ask(Wish("stopped"))
        await rig.seen.until_state("app-1", "stopping")
        await asyncio.sleep(1)
        instance.ask(Wish("another stop counts for nothing"))
        await asyncio.sleep(1)
        assert instance.state == "stopping"
        asked_s = rig.clock.now_s()
        instance.ask(Wish("killed", kill=True))
        await instance.until_down()
        return rig.clock.now_s() - asked_s

    took_s, seen = simulated(DECLARED, work)
    assert took_s < 1
    assert (seen.last("app-1").state, seen.last("app-1").exit_code) == ("stopped", 137)


def test_its_load_is_what_waits_for_its_start_and_then_what_is_in_flight() -> None:
    async def work(rig: Rig) -> list[int]:
        instance, asking = await begun(rig)
        more = [asyncio.create_task(rig.get()) for _ in range(2)]
        await rig.seen.until_state("app-1", "running")
        loads = [instance.load]
        await asyncio.gather(asking, *more)
        return [*loads, instance.load]

    assert simulated(DECLARED, work)[0] == [3, 0]


ACTS = st.lists(
    st.tuples(st.sampled_from(["request", "stop", "kill", "crash", "lose"]), st.floats(0, 8)), max_size=8
)


@settings(max_examples=60, deadline=None)
@given(ACTS, st.integers(0, 5))
def test_its_steps_follow_the_table_whatever_happens(acts: list[tuple[str, float]], seed: int) -> None:
    async def work(rig: Rig) -> None:
        asking = [asyncio.create_task(rig.get())]
        for act, after_s in acts:
            await asyncio.sleep(after_s)
            for instance in rig.fleet.instances():
                if act == "crash":
                    await instance.driver.kill(instance.plan)
                elif act == "lose":
                    instance.ask(Wish("gone", lost=DriverUnavailable("gone")))
                elif act != "request":
                    instance.ask(Wish(act, kill=act == "kill"))
            if act == "request":
                asking.append(asyncio.create_task(rig.get()))
        await asyncio.gather(*asking)

    _, seen = simulated(DECLARED, work, seed=seed)
    for name in {one.instance for one in seen.of(InstanceChanged)}:
        events = [one for one in seen.of(InstanceChanged) if one.instance == name]
        assert events[0].state == "placed"
        assert events[-1].state in DOWN_STATES
        for before, after in pairwise(events):
            assert after.state in TRANSITIONS[before.state] or before.state == after.state == "pulling"
        assert all(one.lost_disk_bytes is None for one in events if one.state not in DOWN_STATES)
