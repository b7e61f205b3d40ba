"""Events about a pull: not too many, and the last one in any case."""

from pathlib import Path

from core.clock import VirtualClock
from core.containers.drivers.protocol import InstancePlan, PullLine
from core.containers.pulling import PullProgress
from core.events.bus import EventBus
from core.events.types import InstanceState, PullLayer, PullProgressed
from core.model.deployment import Container
from tests.core.containers.rig import Recording

PLAN = InstancePlan("app-1", Container(binding="APP", image="app:1"), "us-east", Path())


class Shown:
    """What was shown of a pull, on virtual time."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        bus = EventBus(self.clock)
        self.seen = Recording(bus)
        self.moves: list[tuple[InstanceState, str]] = []
        self.tell = PullProgress(PLAN, lambda state, line: self.moves.append((state, line)), bus)


def line(current: int, *, over: bool = False) -> PullLine:
    """Return a line about one layer of 9 bytes."""
    return PullLine(f"pulling {current}", "app:1", (PullLayer("a", "downloading", current, 9),), over=over)


def test_progress_is_told_four_times_a_second_and_once_at_the_end() -> None:
    shown = Shown()
    for current in range(9):
        shown.tell(line(current))
        shown.clock.advance(0.1)
    shown.tell(line(9, over=True))
    told = [event.layers[0].current_bytes for event in shown.seen.of(PullProgressed)]
    assert told == [0, 3, 6, 9]
    assert [one for _, one in shown.moves] == [f"pulling {current}" for current in told]


def test_the_end_is_told_even_right_after_something_else() -> None:
    shown = Shown()
    shown.tell(line(8))
    shown.tell(line(9, over=True))
    assert [event.layers[0].current_bytes for event in shown.seen.of(PullProgressed)] == [8, 9]


def test_a_plain_line_is_shown_and_has_no_layers() -> None:
    shown = Shown()
    shown.tell("building Dockerfile")
    assert shown.moves == [("pulling", "building Dockerfile")]
    assert shown.seen.of(PullProgressed) == []


def test_the_same_line_is_not_shown_twice_while_its_layers_go_on() -> None:
    shown = Shown()
    shown.tell(PullLine("pulling", "app:1", (PullLayer("a", "waiting", 0, 0),)))
    shown.clock.advance(1.0)
    shown.tell(PullLine("pulling", "app:1", (PullLayer("a", "downloading", 0, 9),)))
    assert len(shown.moves) == 1
    assert len(shown.seen.of(PullProgressed)) == 2
