"""Frames given by hand."""

import asyncio

import pytest

from tests.tui.frames import frame
from tui.source import SourceGone, StillSource


async def test_frames_come_in_order_and_then_wait() -> None:
    source = StillSource([frame("quiet")])
    source.push(frame("busy"))
    frames = source.frames(4.0)
    assert await anext(frames) is frame("quiet")
    assert await anext(frames) is frame("busy")
    waiting = asyncio.ensure_future(anext(frames))
    await asyncio.sleep(0)
    assert not waiting.done()
    source.push(frame("failing"))
    assert await waiting is frame("failing")


async def test_a_failure_comes_after_the_frames_before_it() -> None:
    source = StillSource([frame("quiet")])
    source.fail("gone")
    frames = source.frames(1.0)
    await anext(frames)
    with pytest.raises(SourceGone, match="gone"):
        await anext(frames)


async def test_what_was_asked_is_remembered() -> None:
    source = StillSource()
    await source.act("kill", "app-1")
    await source.set_latency(0.5)
    await source.scale("app", "us-east", None)
    await source.scale("app", "us-east", 3)
    await source.set_start_policy("app", "paused")
    await source.stop_engine()
    assert source.asked == [
        ("kill", "app-1"),
        ("latency", "0.5"),
        ("scale", "app us-east auto"),
        ("scale", "app us-east 3"),
        ("start_policy", "app paused"),
        ("stop_engine", ""),
    ]
