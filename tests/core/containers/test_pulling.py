"""Events about a pull: not too many, and the last one in any case."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from core.clock import VirtualClock, run_virtual
from core.containers.drivers.protocol import InstancePlan, PullLine
from core.containers.pulling import PullProgress
from core.events.bus import EventBus
from core.events.types import InstanceState, PullLayer, PullProgressed
from core.model.deployment import Container
from tests.core.containers.rig import Recording

PLAN = InstancePlan("app-1", Container(binding="APP", image="app:1"), "us-east", Path())


class Shown:
    """What was shown of a pull, on virtual time."""

    def __init__(self, clock: VirtualClock) -> None:
        bus = EventBus(clock)
        self.seen = Recording(bus)
        self.moves: list[tuple[InstanceState, str]] = []
        self.tell = PullProgress(PLAN, lambda state, line: self.moves.append((state, line)), bus)

    @property
    def layers(self) -> list[tuple[float, int]]:
        """Return when which progress of the first layer was told."""
        told = self.seen.of(PullProgressed)
        return [(round(event.time_s, 3), event.layers[0].current_bytes) for event in told]


def watched(work: Callable[[Shown], Awaitable[None]]) -> Shown:
    """Let ``work`` tell of a pull, on virtual time."""
    clock = VirtualClock()

    async def main() -> Shown:
        shown = Shown(clock)
        await work(shown)
        return shown

    return run_virtual(main(), clock)


def line(current: int, *, over: bool = False) -> PullLine:
    """Return a line about one layer of 9 bytes."""
    return PullLine(f"pulling {current}", "app:1", (PullLayer("a", "downloading", current, 9),), over=over)


def test_progress_is_told_four_times_a_second_and_once_at_the_end() -> None:
    async def work(shown: Shown) -> None:
        for current in range(9):
            shown.tell(line(current))
            await asyncio.sleep(0.1)
        shown.tell(line(9, over=True))
        await asyncio.sleep(60)

    shown = watched(work)
    assert shown.layers == [(0.0, 0), (0.25, 2), (0.5, 4), (0.75, 7), (0.9, 9)]
    assert [one for _, one in shown.moves] == [f"pulling {current}" for _, current in shown.layers]


def test_a_pull_that_stalls_is_shown_as_far_as_it_came() -> None:
    async def work(shown: Shown) -> None:
        for current in (1, 2, 3):
            shown.tell(line(current))
        await asyncio.sleep(60)

    assert watched(work).layers == [(0.0, 1), (0.25, 3)]


def test_what_is_stopped_tells_nothing_more() -> None:
    async def work(shown: Shown) -> None:
        shown.tell(line(1))
        shown.tell(line(2))
        shown.tell.stop()
        await asyncio.sleep(60)

    assert watched(work).layers == [(0.0, 1)]


def test_a_plain_line_is_shown_and_has_no_layers() -> None:
    async def work(shown: Shown) -> None:
        shown.tell("building Dockerfile")

    shown = watched(work)
    assert shown.moves == [("pulling", "building Dockerfile")]
    assert shown.layers == []


def test_the_same_line_is_not_shown_twice_while_its_layers_go_on() -> None:
    async def work(shown: Shown) -> None:
        shown.tell(PullLine("pulling", "app:1", (PullLayer("a", "waiting", 0, 0),)))
        await asyncio.sleep(1)
        shown.tell(PullLine("pulling", "app:1", (PullLayer("a", "downloading", 5, 9),)))

    shown = watched(work)
    assert (len(shown.moves), shown.layers) == (1, [(0.0, 0), (1.0, 5)])
