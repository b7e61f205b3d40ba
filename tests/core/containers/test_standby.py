"""What is prepared in advance, on virtual time: kept full, handed out, removed, and never in the way."""

import asyncio
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

import pytest

from core.clock import VirtualClock, run_virtual
from core.containers.drivers.protocol import DriverUnavailable, InstancePlan, StartFailed
from core.containers.drivers.simulated import SimulatedDriver
from core.events.types import ColdStart, InstanceChanged, Notice, StandbyChanged
from core.model.start_policies import START_POLICIES, StartPolicyName
from tests.core.containers.rig import Recording, Rig, deployment, simulated

UP = ["placed", "creating", "starting", "running", "ready"]
LONG_S = 60.0
"""Of virtual time: by then everything is prepared."""


class Watched(SimulatedDriver):
    """The simulated driver, with a count of what it holds, and ways to let it fail."""

    known = frozenset(START_POLICIES)
    refuses: StartFailed | None = None
    lost: DriverUnavailable | None = None
    made = 0

    @property
    def policies(self) -> frozenset[StartPolicyName]:
        return self.known

    async def create(self, plan: InstancePlan) -> None:
        self.made += 1
        if self.lost is not None:
            raise self.lost
        if self.refuses is not None:
            raise self.refuses
        await super().create(plan)

    def held(self) -> list[str]:
        """Return the names of all that there is."""
        return sorted(self._programs)

    def vanish(self, name: str) -> None:
        """Take something away behind everybody's back."""
        self._programs.pop(name)


Work = Callable[[Rig, Watched], Awaitable[Any]]


def run(work: Work, **container: Any) -> tuple[Any, Recording, Watched]:
    """Run ``work`` with an open fleet of one class in one region."""
    clock = VirtualClock()
    driver = Watched("us-east", clock, 1)

    async def main() -> tuple[Any, Recording]:
        rig = Rig(deployment(**container), clock, {"us-east": driver})
        await rig.fleet.open()
        try:
            result = await work(rig, driver)
        finally:
            await rig.fleet.close()
        return result, rig.seen

    result, seen = run_virtual(main(), clock)
    return result, seen, driver


async def after_a_while(rig: Rig, driver: Watched) -> list[str]:
    await asyncio.sleep(LONG_S)
    return driver.held()


@pytest.mark.parametrize("policy", ["plain", "boosted"])
def test_without_a_policy_that_prepares_nothing_is_made_before_a_request(policy: str) -> None:
    held, seen, _ = run(after_a_while, start_policy=policy, prepared=3)
    assert held == []
    assert seen.of(Notice) == []


@pytest.mark.parametrize("policy", ["created", "shared", "paused"])
def test_as_many_are_prepared_as_the_class_says_and_none_is_an_instance(policy: str) -> None:
    held, seen, driver = run(after_a_while, start_policy=policy, prepared=3)
    assert held == [f"app.us-east.standby-{number}" for number in (1, 2, 3)]
    assert seen.of(InstanceChanged) == []
    [notice] = seen.of(Notice)
    assert notice.level == "info"
    assert notice.message.startswith(f"3 prepared in us-east ({policy}): ")
    assert driver.held() == []


def test_every_change_of_what_stands_prepared_is_published() -> None:
    async def work(rig: Rig, driver: Watched) -> None:
        await asyncio.sleep(LONG_S)
        await rig.get()
        await asyncio.sleep(LONG_S)
        rig.fleet.set_start_policy("app", "plain")
        await asyncio.sleep(LONG_S)

    _, seen, _ = run(work, start_policy="created", prepared=2, sleep_after="1h")
    told = [(one.policy, one.prepared, one.wanted) for one in seen.of(StandbyChanged)]
    filled = [("created", 0, 2), ("created", 1, 2), ("created", 2, 2)]
    assert told == [*filled, *filled[1:], told[-1]]
    assert told[-1] == ("plain", 0, 0)


@pytest.mark.parametrize("policy", START_POLICIES)
def test_a_start_follows_the_policy_and_what_was_taken_is_replaced(policy: StartPolicyName) -> None:
    async def work(rig: Rig, driver: Watched) -> tuple[int, list[str]]:
        await asyncio.sleep(LONG_S)
        status, _ = await rig.get()
        await asyncio.sleep(LONG_S)
        return status, driver.held()

    (status, held), seen, _driver = run(work, start_policy=policy, sleep_after="1h")
    assert status == 200
    [start] = seen.of(ColdStart)
    assert start.policy == policy
    prepares = policy in ("created", "shared", "paused")
    assert held == (["app-1", "app.us-east.standby-2"] if prepares else ["app-1"])
    names = [phase.name for phase in start.phases]
    assert ("image" in names) is not prepares
    assert [state for state in seen.states("app-1") if state != "pulling"][:5] == UP


def test_a_start_that_finds_nothing_prepared_is_plain_and_says_so() -> None:
    async def work(rig: Rig, driver: Watched) -> None:
        await rig.get()

    _, seen, _ = run(work, start_policy="paused")
    [start] = seen.of(ColdStart)
    assert start.policy == "plain"
    [creating] = [one for one in seen.of(InstanceChanged) if one.state == "creating"]
    assert creating.reason == "nothing was prepared in advance"


def test_a_named_instance_is_started_from_what_is_prepared_unless_it_is_another_program() -> None:
    async def work(rig: Rig, driver: Watched) -> None:
        await asyncio.sleep(LONG_S)
        await rig.call("user-1")
        await asyncio.sleep(LONG_S)
        await rig.operate("user-2", "start", env={"MODE": "test"}, wait=True)
        await rig.operate("user-3", "start", entrypoint=["other"], wait=True)

    _, seen, _ = run(work, start_policy="created", sleep_after="1h")
    assert [start.policy for start in seen.of(ColdStart)] == ["created", "plain", "plain"]


def test_the_policy_can_be_changed_while_it_runs() -> None:
    async def work(rig: Rig, driver: Watched) -> list[str]:
        await asyncio.sleep(LONG_S)
        said = rig.fleet.set_start_policy("app", "paused")
        await asyncio.sleep(LONG_S)
        held = driver.held()
        await rig.get()
        rig.fleet.set_start_policy("app", "plain")
        await asyncio.sleep(LONG_S)
        return [said, *held, "then", *driver.held()]

    lines, seen, _ = run(work, start_policy="created", prepared=2, sleep_after="1h")
    assert lines == [
        "Instances of app are started by the policy paused from now on.",
        "app.us-east.standby-3",
        "app.us-east.standby-4",
        "then",
        "app-1",
    ]
    assert [start.policy for start in seen.of(ColdStart)] == ["paused"]


def test_a_policy_chosen_while_something_is_being_prepared_removes_that_too() -> None:
    async def work(rig: Rig, driver: Watched) -> list[str]:
        while not driver.held():
            await asyncio.sleep(0.001)
        rig.fleet.set_start_policy("app", "plain")
        await asyncio.sleep(LONG_S)
        return driver.held()

    held, _, driver = run(work, start_policy="created", prepared=1)
    assert held == []
    assert driver.made == 1


def test_where_the_driver_does_not_know_the_policy_one_notice_says_so_and_starts_are_plain() -> None:
    async def work(rig: Rig, driver: Watched) -> str:
        driver.known = frozenset({"plain", "paused"})
        said = rig.fleet.set_start_policy("app", "shared")
        for _ in range(3):
            await rig.get()
            await rig.fleet.instances()[0].until_down()
            await asyncio.sleep(LONG_S)
        return said

    said, seen, _ = run(work, sleep_after="1s")
    assert said == (
        "Instances of app are started by the policy shared from now on in no region; not known in "
        "us-east (the simulated driver): plain there."
    )
    [notice] = seen.of(Notice)
    assert (notice.level, notice.subject) == ("warning", "app")
    assert "does not know the start policy shared" in notice.message
    assert notice.advice == "choose another start_policy: paused, plain"
    assert {start.policy for start in seen.of(ColdStart)} == {"plain"}


def test_what_cannot_be_prepared_is_told_once_and_tried_again_at_the_next_start_only() -> None:
    async def work(rig: Rig, driver: Watched) -> int:
        driver.refuses = StartFailed("no such image", "create", advice="look")
        rig.fleet.set_start_policy("app", "created")
        await asyncio.sleep(LONG_S)
        before = driver.made
        driver.refuses = None
        await rig.get()
        await asyncio.sleep(LONG_S)
        assert driver.held() == ["app-1", "app.us-east.standby-2"]
        return before

    before, seen, _ = run(work, sleep_after="1h")
    assert before == 1
    assert next((one.level, one.message) for one in seen.of(Notice)) == (
        "warning",
        "no instance could be prepared: no such image",
    )


def test_what_vanished_is_passed_over() -> None:
    async def work(rig: Rig, driver: Watched) -> None:
        await asyncio.sleep(LONG_S)
        driver.vanish("app.us-east.standby-1")
        await rig.get()
        for name in driver.held():
            if "standby" in name:
                driver.vanish(name)
        await rig.operate("other", "start", wait=True)

    _, seen, _ = run(work, start_policy="shared", prepared=2, sleep_after="1h")
    assert [start.policy for start in seen.of(ColdStart)] == ["shared", "plain"]


def test_a_frozen_one_that_was_killed_is_replaced() -> None:
    async def work(rig: Rig, driver: Watched) -> list[str]:
        await asyncio.sleep(LONG_S)
        await driver.kill(InstancePlan("app.us-east.standby-1", *_rest(rig)))
        await asyncio.sleep(LONG_S)
        return driver.held()

    held, _, _ = run(work, start_policy="paused")
    assert held == ["app.us-east.standby-2"]


def _rest(rig: Rig) -> tuple[Any, str, Any]:
    declared = deployment()
    return declared.containers[0], "us-east", declared.folder


def test_what_was_prepared_on_an_engine_that_is_lost_is_forgotten_and_made_anew_when_it_is_back() -> None:
    async def work(rig: Rig, driver: Watched) -> str:
        await asyncio.sleep(LONG_S)
        await driver.close()
        await rig.fleet.region_lost("us-east", "gone", "start it")
        await asyncio.sleep(LONG_S)
        held = driver.held()
        await rig.get()
        return " ".join(held)

    held, seen, _ = run(work, start_policy="created")
    assert held == "app.us-east.standby-2"
    assert [start.policy for start in seen.of(ColdStart)] == ["created"]


def test_an_engine_lost_while_something_is_prepared_is_told_to_the_region() -> None:
    async def work(rig: Rig, driver: Watched) -> None:
        driver.lost = DriverUnavailable("the engine does not answer", "start it")
        rig.fleet.set_start_policy("app", "created")
        await asyncio.sleep(5.0)
        driver.lost = None
        await asyncio.sleep(LONG_S)
        await rig.get()

    _, seen, _ = run(work)
    assert [start.policy for start in seen.of(ColdStart)] == ["created"]
    assert next(one.message for one in seen.of(Notice)) == "the engine does not answer"


def test_every_policy_is_faster_than_a_plain_start_in_the_proportions_measured_on_docker() -> None:
    def starts_ms(policy: str) -> float:
        async def work(rig: Rig) -> None:
            for _ in range(30):
                await asyncio.sleep(LONG_S)
                await rig.get()
                await rig.fleet.instances()[0].until_down()

        _, seen = simulated(deployment(start_policy=policy, sleep_after="1s"), work)
        return median(start.total_ms for start in seen.of(ColdStart))

    took = {policy: starts_ms(policy) for policy in START_POLICIES}
    assert took["paused"] < took["boosted"] < took["plain"]
    assert took["paused"] < took["shared"] < took["created"] < took["plain"]
    assert took["plain"] / took["paused"] >= 2.5


def test_a_production_delay_makes_a_start_last_as_long_as_on_the_platform_and_is_marked() -> None:
    async def work(rig: Rig, driver: Watched) -> None:
        await asyncio.sleep(LONG_S)
        await rig.get()

    _, seen, _ = run(work, start_policy="paused", cold_start_delay="production", sleep_after="1h")
    [start] = seen.of(ColdStart)
    [delay] = [phase for phase in start.phases if phase.name == "delay"]
    assert delay.kind == "emulated"
    assert delay.duration_ms > 300
    states = {one.state: one.time_s for one in seen.of(InstanceChanged)}
    running_ms = (states["ready"] - states["running"]) * 1000
    assert running_ms == pytest.approx(delay.duration_ms, abs=0.01)
