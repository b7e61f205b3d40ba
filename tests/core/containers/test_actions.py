"""What a person asks of an instance by name: done where it makes sense, refused with the reason elsewhere."""

from collections.abc import Sequence
from functools import partial

import pytest

from core.containers.actions import ActionName, ActionRefused
from core.containers.instance import Instance
from core.events.types import InstanceChanged
from tests.core.containers.rig import Recording, Rig, deployment, simulated

TWO_REGIONS = deployment(regions=("us-east", "eu-west"), max_instances=3)


def said_in_turn(*actions: tuple[ActionName, str]) -> tuple[list[str], Recording]:
    """Take starts and stops one after the other, each when the one before has come to its end."""

    async def work(rig: Rig) -> list[str]:
        said = []
        for action, name in actions:
            try:
                said.append(rig.fleet.act(action, name))
            except ActionRefused as refused:
                said.append(f"refused: {refused}")
                continue
            ends = {"ready"} if action == "start" else {"stopped", "failed"}
            named = [one for one in rig.fleet.instances() if one.name == name] or [*rig.fleet.instances()][
                -1:
            ]
            await rig.seen.until(partial(all_in, named, ends))
        return said

    return simulated(TWO_REGIONS, work)


def all_in(instances: Sequence[Instance], states: set[str]) -> bool:
    return all(one.state in states for one in instances)


def test_a_class_is_started_in_the_region_with_the_fewest() -> None:
    said, seen = said_in_turn(("start", "app"), ("start", "app"), ("start", "app"))
    assert said == ["Starting app-1 in us-east.", "Starting app-2 in eu-west.", "Starting app-3 in us-east."]
    assert seen.last("app-1").region == "us-east"
    assert seen.last("app-2").region == "eu-west"


def test_no_more_than_max_instances_are_started() -> None:
    start: tuple[ActionName, str] = ("start", "app")
    said, _ = said_in_turn(start, start, start, start)
    assert said[-1].startswith("refused: No instance of app can be started now: ")


def test_an_instance_is_stopped_and_started_again() -> None:
    said, seen = said_in_turn(("start", "app"), ("stop", "app-1"), ("start", "app-1"))
    assert said == ["Starting app-1 in us-east.", "Stopping app-1.", "Starting app-1 in us-east."]
    assert seen.states("app-1").count("ready") == 2


def test_a_restart_ends_in_an_instance_that_is_ready_again() -> None:
    async def work(rig: Rig) -> str:
        rig.fleet.act("start", "app")
        await rig.seen.until_state("app-1", "ready")
        said = rig.fleet.act("restart", "app-1")
        await rig.seen.until_state("app-1", "ready", times=2)
        return said

    said, seen = simulated(TWO_REGIONS, work)
    assert said == "Restarting app-1."
    assert "restarted from the console" in [event.reason for event in seen.of(InstanceChanged)]


@pytest.mark.parametrize(
    ("action", "name", "reason"),
    [
        ("start", "app-1", "app-1 is ready; only one that is down can be started."),
        ("stop", "app", "app is a container class; stop takes an instance, such as app-1."),
        ("kill", "app-7", "There is no instance or container class named app-7. Did you mean app-1?"),
        ("stop", "zebra", "There is no instance or container class named zebra. There are: app-1, app."),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(action: ActionName, name: str, reason: str) -> None:
    said, seen = said_in_turn(("start", "app"), (action, name))
    assert said[-1] == f"refused: {reason}"
    assert seen.states("app-1").count("ready") == 1


@pytest.mark.parametrize("action", ["stop", "kill"])
def test_an_instance_that_is_down_is_not_stopped_again(action: ActionName) -> None:
    said, _ = said_in_turn(("start", "app"), ("kill", "app-1"), (action, "app-1"))
    assert said[1:] == ["Killing app-1.", "refused: app-1 is stopped already."]


def test_one_that_is_stopping_can_only_be_killed() -> None:
    async def work(rig: Rig) -> list[str]:
        rig.fleet.act("start", "app")
        await rig.seen.until_state("app-1", "ready")
        rig.fleet.act("stop", "app-1")
        await rig.seen.until_state("app-1", "stopping")
        with pytest.raises(ActionRefused, match=r"app-1 is stopping already; kill ends it at once\."):
            rig.fleet.act("stop", "app-1")
        said = rig.fleet.act("kill", "app-1")
        await rig.seen.until_state("app-1", "stopped")
        return [said]

    assert simulated(TWO_REGIONS, work)[0] == ["Killing app-1."]


def test_a_lost_region_is_the_last_to_get_another() -> None:
    async def work(rig: Rig) -> str:
        await rig.fleet.region_lost("us-east", "it does not answer", "start it")
        return rig.fleet.act("start", "app")

    assert simulated(TWO_REGIONS, work)[0] == "Starting app-1 in eu-west."


def test_a_start_policy_of_an_unknown_class_and_an_unknown_policy_are_refused() -> None:
    async def work(rig: Rig) -> list[str]:
        refused = []
        for container, policy in (("ap", "paused"), ("app", "quick")):
            with pytest.raises(ActionRefused) as refusal:
                rig.fleet.set_start_policy(container, policy)  # type: ignore[arg-type]
            refused.append(str(refusal.value))
        return refused

    unknown_class, unknown_policy = simulated(TWO_REGIONS, work)[0]
    assert unknown_class == "There is no instance or container class named ap. Did you mean app?"
    assert unknown_policy == "quick is no start policy. There are: plain, created, shared, boosted, paused."
