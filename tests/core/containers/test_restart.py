"""The restart policy: as a rule, and in a fleet whose programs end with an error."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from core.containers.actions import ActionName
from core.containers.instance import Instance
from core.containers.restart import MOST_IN_A_ROW, STEADY_S, next_restart
from core.events.types import InstanceChanged, Notice
from tests.core.containers.rig import Rig, deployment, simulated

ON_FAILURE = deployment(restart="on-failure", sleep_after="1h")
SHORT_S = 1.0


@given(st.integers(0, MOST_IN_A_ROW + 3), st.floats(0, 1000))
def test_a_row_of_restarts_is_bounded_and_ends_with_a_steady_run(in_a_row: int, ran_s: float) -> None:
    restart = next_restart(in_a_row, ran_s)
    if ran_s >= STEADY_S:
        assert restart is not None
        assert restart.number == 1
    elif in_a_row >= MOST_IN_A_ROW:
        assert restart is None
    else:
        assert restart is not None
        assert restart.number == in_a_row + 1


def test_the_first_restart_comes_at_once_and_each_later_one_after_a_longer_wait() -> None:
    waits = [next_restart(number, SHORT_S).wait_s for number in range(MOST_IN_A_ROW)]  # type: ignore[union-attr]
    assert waits[0] == 0
    assert waits[1:] == sorted(set(waits[1:]))


async def ready(rig: Rig) -> Instance:
    """Return the class's first instance once a request has started it."""
    assert (await rig.get())[0] == 200
    return rig.fleet.instances()[0]


async def fail(rig: Rig, instance: Instance) -> InstanceChanged:
    """Let its program end with an error that nobody asked for; return the event of its failure."""
    times = rig.seen.states(instance.name).count("failed")
    await instance.driver.kill(instance.plan)
    await rig.seen.until_state(instance.name, "failed", times + 1)
    return rig.seen.last(instance.name)


def test_a_program_that_ends_with_an_error_is_started_again_without_a_request() -> None:
    async def work(rig: Rig) -> InstanceChanged:
        failed = await fail(rig, await ready(rig))
        await rig.seen.until_state("app-1", "ready", 2)
        return failed

    failed, seen = simulated(ON_FAILURE, work)
    assert "it is started again at once (restart 1 of at most 5 in a row)" in failed.reason
    placed = [one for one in seen.of(InstanceChanged) if one.state == "placed"]
    assert placed[1].reason == "it failed: restart 1 of at most 5 in a row"
    assert placed[1].time_s == failed.time_s


def test_a_program_that_ends_again_and_again_stays_down_in_the_end_and_a_request_starts_it() -> None:
    async def work(rig: Rig) -> tuple[list[InstanceChanged], int]:
        instance = await ready(rig)
        failures = [await fail(rig, instance)]
        for number in range(MOST_IN_A_ROW):
            await rig.seen.until_state("app-1", "ready", number + 2)
            failures.append(await fail(rig, instance))
        await asyncio.sleep(600)
        assert instance.state == "failed"
        return failures, (await rig.get())[0]

    (failures, status), _ = simulated(ON_FAILURE, work)
    assert "in 0.5 s (restart 2 of" in failures[1].reason
    assert failures[-1].reason.endswith("after 5 restarts in a row it stays down until a request needs it")
    assert status == 200


def test_without_the_policy_a_failed_program_stays_down() -> None:
    async def work(rig: Rig) -> str:
        instance = await ready(rig)
        await fail(rig, instance)
        await asyncio.sleep(600)
        return instance.state

    assert simulated(deployment(sleep_after="1h"), work)[0] == "failed"


def test_sleep_a_stop_and_a_kill_are_no_failures() -> None:
    declared = deployment(restart="on-failure", sleep_after="10s")

    async def work(rig: Rig) -> list[str]:
        instance = await ready(rig)
        await instance.until_down()  # It falls asleep.
        actions: tuple[ActionName, ...] = ("stop", "kill")
        for action in actions:
            await rig.get()
            rig.fleet.act(action, "app-1")
            await instance.until_down()
        await asyncio.sleep(600)
        return rig.seen.states("app-1")

    states, _ = simulated(declared, work)
    assert states.count("placed") == 3
    assert states[-1] == "stopped"


def test_a_named_instance_is_started_again_too_and_keeps_its_own_idle_time() -> None:
    async def work(rig: Rig) -> float:
        await rig.operate("cart", "start", sleep_after_s=900.0)
        await rig.seen.until_state("app-cart", "ready")
        (instance,) = rig.fleet.instances()
        await fail(rig, instance)
        await rig.seen.until_state("app-cart", "ready", 2)
        return instance.idle.limit_s

    limit_s, _ = simulated(ON_FAILURE, work)
    assert limit_s == 900.0


def test_a_person_can_call_a_restart_off() -> None:
    async def work(rig: Rig) -> str:
        instance = await ready(rig)
        await fail(rig, instance)
        await rig.seen.until_state("app-1", "ready", 2)
        await fail(rig, instance)  # The second restart waits for half a second.
        said = rig.fleet.act("stop", "app-1")
        await asyncio.sleep(600)
        assert instance.state == "failed"
        return said

    assert simulated(ON_FAILURE, work)[0] == "app-1 stays down."


def test_a_restart_that_finds_no_room_is_told() -> None:
    declared = deployment(restart="on-failure", sleep_after="1h", max_instances=1)

    async def work(rig: Rig) -> None:
        instance = await ready(rig)
        await fail(rig, instance)
        await rig.seen.until_state("app-1", "ready", 2)
        await fail(rig, instance)
        assert (await rig.call("cart"))[0] == 200  # It takes the only place.
        await rig.seen.until(lambda: any("not started again" in one.message for one in rig.seen.of(Notice)))

    _, seen = simulated(declared, work)
    assert "max_instances" in seen.of(Notice)[-1].message
