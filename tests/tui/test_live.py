"""Frames from a real engine's door: a control server on a real socket."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.clock import VirtualClock
from core.control.messages import InstanceActionName
from core.control.operator import OperationRefused
from core.control.server import ControlServer
from core.events.bus import EventBus
from core.frames.fold import FrameFold
from core.frames.frame import Frame
from tests import streams
from tui.live import LiveSource
from tui.source import SourceGone


class Notebook:
    """Writes down what it is asked to do; refuses what it does not know."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def act(self, action: InstanceActionName, instance: str) -> str:
        if instance == "nobody":
            raise OperationRefused("there is no instance nobody; did you mean app-1?")
        self.asked.append((action, instance))
        return f"{instance}: {action} done"

    async def stop(self) -> None:
        self.asked.append(("stop_engine", ""))


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[tuple[ControlServer, Notebook, Path]]:
    bus = EventBus(VirtualClock())
    fold = FrameFold()
    bus.subscribe(fold.apply)
    notebook = Notebook()
    server = ControlServer(bus, fold, notebook, tmp_path / "engine.sock")
    await server.start()
    for event in streams.starting():
        bus.publish(event)
    yield server, notebook, tmp_path / "engine.sock"
    await server.close()


async def test_the_first_frame_holds_the_state(door: tuple[ControlServer, Notebook, Path]) -> None:
    frames = LiveSource(door[2]).frames(4.0)
    frame = await anext(frames)
    assert frame.deployment == "shop"
    assert len(frame.regions) == 3
    await frames.aclose()  # type: ignore[attr-defined]


async def test_actions_reach_the_operator_and_refusals_come_back(
    door: tuple[ControlServer, Notebook, Path],
) -> None:
    source = LiveSource(door[2])
    reply = await source.act("kill", "app-1")
    assert (reply.ok, reply.message) == (True, "app-1: kill done")
    refused = await source.act("stop", "nobody")
    assert not refused.ok
    assert "did you mean app-1" in refused.message
    assert (await source.stop_engine()).ok
    assert door[1].asked == [("kill", "app-1"), ("stop_engine", "")]


async def exhaust(frames: AsyncIterator[Frame]) -> None:
    """Take all frames that are still to come."""
    async for _ in frames:
        pass


async def test_an_engine_that_closes_its_door_is_gone(door: tuple[ControlServer, Notebook, Path]) -> None:
    frames = LiveSource(door[2]).frames(4.0)
    await anext(frames)
    await door[0].close()
    with pytest.raises(SourceGone):
        await exhaust(frames)


async def test_without_an_engine_every_question_says_so(tmp_path: Path) -> None:
    source = LiveSource(tmp_path / "nobody.sock")
    with pytest.raises(SourceGone) as caught:
        await anext(source.frames(4.0))
    assert str(caught.value)[0].isupper()
    with pytest.raises(SourceGone):
        await source.act("start", "app-1")
    with pytest.raises(SourceGone):
        await source.stop_engine()
