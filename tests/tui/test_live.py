"""Frames from a real engine's door: a control server on a real socket."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.clock import VirtualClock
from core.control.messages import InstanceActionName
from core.control.operator import OperationRefused
from core.control.server import ControlServer
from core.events.bus import EventBus
from core.events.types import LatencyChanged
from core.frames.fold import FrameFold
from core.frames.frame import Frame
from core.model.start_policies import StartPolicyName
from tests import streams
from tui.live import LiveSource
from tui.source import SourceGone


class Notebook:
    """Writes down what it is asked to do; refuses what it does not know."""

    def __init__(self, bus: EventBus) -> None:
        self.asked: list[tuple[str, str]] = []
        self._bus = bus

    async def act(self, action: InstanceActionName, instance: str) -> str:
        if instance == "nobody":
            raise OperationRefused("there is no instance nobody; did you mean app-1?")
        self.asked.append((action, instance))
        return f"{instance}: {action} done"

    async def set_latency(self, scale: float) -> str:
        self._bus.publish(LatencyChanged(time_s=self._bus.now_s(), latency_scale=scale))
        return f"distance {scale:g}"

    async def scale(self, container: str, region: str, instances: int | None) -> str:
        if instances is not None and instances > 20:
            raise OperationRefused(f"{container} may have at most 20 instances")
        self.asked.append(("scale", f"{container} {region} {instances}"))
        return "scaled"

    async def set_start_policy(self, container: str, policy: StartPolicyName) -> str:
        self.asked.append(("start_policy", f"{container} {policy}"))
        return "switched"

    async def stop(self) -> None:
        self.asked.append(("stop_engine", ""))


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[tuple[ControlServer, Notebook, Path]]:
    bus = EventBus(VirtualClock())
    fold = FrameFold()
    bus.subscribe(fold.apply)
    notebook = Notebook(bus)
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


async def test_scaling_and_start_policies_reach_the_operator(
    door: tuple[ControlServer, Notebook, Path],
) -> None:
    source = LiveSource(door[2])
    assert (await source.scale("app", "us-east", 4)).message == "scaled"
    assert (await source.scale("app", "us-east", None)).ok
    assert (await source.set_start_policy("app", "paused")).ok
    refused = await source.scale("app", "us-east", 21)
    assert (refused.ok, "at most 20" in refused.message) == (False, True)
    assert door[1].asked == [
        ("scale", "app us-east 4"),
        ("scale", "app us-east None"),
        ("start_policy", "app paused"),
    ]


async def test_a_switched_distance_comes_back_in_the_next_frame(
    door: tuple[ControlServer, Notebook, Path],
) -> None:
    source = LiveSource(door[2])
    frames = source.frames(4.0)
    assert (await anext(frames)).latency_scale == 1.0
    assert (await source.set_latency(0.0)).ok
    assert (await anext(frames)).latency_scale == 0.0
    await frames.aclose()  # type: ignore[attr-defined]


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
    for asked in (
        source.set_latency(0.0),
        source.scale("app", "us-east", 1),
        source.set_start_policy("app", "plain"),
    ):
        with pytest.raises(SourceGone):
            await asked
