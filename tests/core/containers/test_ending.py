"""What is said of an end, and the lost disk."""

import asyncio

import pytest

from core.containers.drivers.protocol import Exit, InstancePlan
from core.containers.ending import Wish, how_it_is_stopped, how_it_was_stopped, why_it_ended
from core.events.types import InstanceChanged
from tests.core.containers.rig import Rig, deployment, simulated


def test_a_stop_tells_its_grace_and_that_of_the_platform() -> None:
    assert how_it_is_stopped(Wish("asleep")) == (
        "asleep; SIGTERM, SIGKILL after 10 s (the platform gives 15 min)"
    )
    assert how_it_is_stopped(Wish("killed from the console", kill=True)) == "killed from the console; SIGKILL"


@pytest.mark.parametrize(
    ("wish", "end", "told"),
    [
        (Wish("asleep"), Exit(0), "asleep"),
        (Wish("asleep"), Exit(143), "asleep"),
        (Wish("asleep"), Exit(137), "asleep; it did not end within 10 s of SIGTERM and was killed"),
        (Wish("asleep"), Exit(137, out_of_memory=True), "asleep"),
        (Wish("killed", kill=True), Exit(137), "killed"),
        (Wish("asleep"), Exit(None), "asleep"),
    ],
)
def test_a_program_that_had_to_be_killed_is_told_from_one_that_ended(
    wish: Wish, end: Exit, told: str
) -> None:
    assert how_it_was_stopped(wish, end) == told


def test_each_way_in_which_a_program_ends_has_words_of_its_own() -> None:
    told = {why_it_ended(end, 256, signal) for end in (Exit(3), Exit(137, True)) for signal in (None, 10)}
    assert told == {
        "the program ended by itself with exit code 3",
        "the program ended with exit code 3 after the signal 10",
        "out of memory: it used more than its 256 MiB and was killed",
    }


def test_the_disk_is_told_as_lost_when_the_instance_is_down_and_at_no_other_time() -> None:
    async def work(rig: Rig) -> None:
        await rig.get()
        await rig.seen.until_state("app-1", "stopped")

    _, seen = simulated(deployment(sleep_after="10s"), work)
    lost = {event.state: event.lost_disk_bytes for event in seen.of(InstanceChanged)}
    assert lost.pop("stopped")
    assert set(lost.values()) == {None}


def test_a_disk_that_takes_too_long_to_look_at_is_removed_unmeasured() -> None:
    async def work(rig: Rig) -> float:
        await rig.get()
        (instance,) = rig.fleet.instances()

        async def for_ever(plan: InstancePlan) -> int | None:
            return await asyncio.Event().wait()

        instance.driver.written_bytes = for_ever  # type: ignore[method-assign]
        rig.fleet.act("kill", "app-1")
        asked_s = rig.clock.now_s()
        await instance.until_down()
        return rig.clock.now_s() - asked_s

    took_s, seen = simulated(deployment(), work)
    assert took_s == pytest.approx(1.0)
    assert (seen.last("app-1").state, seen.last("app-1").lost_disk_bytes) == ("stopped", None)
