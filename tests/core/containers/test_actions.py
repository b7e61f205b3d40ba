"""What a person may do to an instance: done, or refused with the reason and the nearest valid name."""

import pytest

from core.containers.actions import ActionRefused
from core.events.types import ColdStart
from tests.core.containers.rig import Rig, deployment, simulated


@pytest.mark.parametrize(("action", "exit_code"), [("stop", 0), ("kill", 137)])
def test_an_instance_is_ended_from_the_console(action: str, exit_code: int) -> None:
    async def work(rig: Rig) -> str:
        await rig.get()
        said = rig.fleet.act("kill" if action == "kill" else "stop", "app-1")
        await rig.seen.until_state("app-1", "stopped")
        return said

    said, seen = simulated(deployment(), work)
    assert "app-1" in said
    assert seen.last("app-1").exit_code == exit_code
    assert "console" in seen.last("app-1").reason


def test_a_restart_ends_in_the_same_instance_ready_again() -> None:
    async def work(rig: Rig) -> None:
        await rig.get()
        rig.fleet.act("restart", "app-1")
        await rig.seen.until_state("app-1", "ready", times=2)

    _, seen = simulated(deployment(), work)
    assert [start.waited for start in seen.of(ColdStart)] == [1, 0]


def test_start_takes_a_class_and_an_instance_that_is_down() -> None:
    async def work(rig: Rig) -> None:
        rig.fleet.act("start", "app")
        await rig.seen.until_state("app-1", "ready")
        rig.fleet.act("stop", "app-1")
        await rig.seen.until_state("app-1", "stopped")
        rig.fleet.act("start", "app-1")
        await rig.seen.until_state("app-1", "ready", times=2)

    _, seen = simulated(deployment(), work)
    assert [len(start.phases) for start in seen.of(ColdStart)] == [5, 5]


@pytest.mark.parametrize(
    ("action", "name", "words"),
    [
        ("stop", "ap-1", "Did you mean app-1?"),
        ("start", "app-1", "only one that is down can be started"),
        ("kill", "app", "takes an instance, such as app-1"),
        ("start", "zzzzzz", "There are: app-1, app."),
    ],
)
def test_an_action_that_makes_no_sense_says_why(action: str, name: str, words: str) -> None:
    async def work(rig: Rig) -> str:
        await rig.get()
        with pytest.raises(ActionRefused) as refused:
            rig.fleet.act(action, name)  # type: ignore[arg-type]
        return str(refused.value)

    said, _ = simulated(deployment(), work)
    assert words in said
