"""The console's side: whole frames, events without a gap, actions, and one clear error for a lost engine."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.control.client import ControlClient, EngineGone, EventSubscription, SubscriptionEnded
from core.control.messages import EventPush
from core.events.types import AnyEvent
from core.frames.fold import FrameFold
from core.frames.frame import RECENT_REQUESTS, Frame
from tests import streams
from tests.core.control.conftest import LIMIT_S, Connect, Door
from tests.core.frames.events import request

BUSY = streams.busy()


async def until(frames: AsyncIterator[Frame], sequence: int) -> Frame:
    """Return the first frame that goes up to this event."""
    async with asyncio.timeout(LIMIT_S):
        async for frame in frames:
            if frame.sequence >= sequence:
                return frame
    raise AssertionError("no more frames")


async def close(frames: AsyncIterator[Frame]) -> None:
    await frames.aclose()  # type: ignore[attr-defined]


async def test_a_client_finds_an_engine_that_answers(door: Door) -> None:
    client = await ControlClient.connect(door.path)
    assert (await client.get_frame()).sequence == 0


async def test_a_frame_is_the_one_that_the_engine_folded(door: Door) -> None:
    door.publish(*BUSY)
    frame = await door.client.get_frame()
    assert frame == door.fold.frame(frame.time_s)


async def test_frames_sent_in_parts_are_whole_for_the_reader(door: Door) -> None:
    frames = door.client.frames(30.0)
    for number in range(0, len(BUSY), 400):
        door.publish(*BUSY[number : number + 400])
        frame = await until(frames, door.bus.sequence)
        assert frame == door.fold.frame(frame.time_s)
    assert len(frame.requests) == RECENT_REQUESTS
    assert frame.dropped.requests > 0
    await close(frames)


async def test_a_reader_that_looks_away_gets_the_newest_frame_whole(door: Door) -> None:
    """The reader takes no frame while the engine sends several; none of their requests may be lost."""
    frames, other = door.client.frames(30.0), door.client.frames(30.0)
    await anext(frames)
    for number in range(0, len(BUSY), 300):
        door.publish(*BUSY[number : number + 300])
        await until(other, door.bus.sequence)
    frame = await until(frames, door.bus.sequence)
    assert frame == door.fold.frame(frame.time_s)
    await close(frames)
    await close(other)


async def test_two_readers_that_came_at_different_times_see_the_same(door: Door) -> None:
    first = door.client.frames(30.0)
    door.publish(*BUSY[:1500])
    await until(first, 1500)
    second = door.client.frames(30.0)
    await anext(second)
    door.publish(*BUSY[1500:])
    for frames in (first, second):
        frame = await until(frames, len(BUSY))
        assert frame == door.fold.frame(frame.time_s)
        await close(frames)


async def test_snapshot_and_events_join_without_a_gap_while_everything_happens(door: Door) -> None:
    """Ten clients subscribe while events are published; each frame with its events makes the same end."""

    async def publish() -> None:
        for number, event in enumerate(BUSY):
            door.publish(event)
            if number % 7 == 0:
                await asyncio.sleep(0)

    async def follow(after: int) -> tuple[Frame, list[EventPush]]:
        while door.bus.sequence < after:
            await asyncio.sleep(0)
        async with await door.client.events() as subscription:
            first = subscription.frame.sequence
            return subscription.frame, [await anext(subscription) for _ in range(len(BUSY) - first)]

    async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as tasks:
        following = [tasks.create_task(follow(number * 200)) for number in range(10)]
        tasks.create_task(publish())
    followed = [one.result() for one in following]
    for frame, pushes in followed:
        assert [push.sequence for push in pushes] == list(range(frame.sequence + 1, len(BUSY) + 1))
        assert [push.event for push in pushes] == BUSY[frame.sequence :]
        assert frame == frame_after(BUSY[: frame.sequence], frame.time_s)
    assert len({frame.sequence for frame, _ in followed}) > 3


def frame_after(events: list[AnyEvent], time_s: float) -> Frame:
    fold = FrameFold()
    for event in events:
        fold.apply(event)
    return fold.frame(time_s)


async def test_an_action_comes_back_with_what_was_done_or_why_not(door: Door) -> None:
    done = await door.client.act("restart", "app-1")
    refused = await door.client.act("kill", "nobody")
    assert (done.ok, done.message) == (True, "app-1: restart done")
    assert (refused.ok, refused.message) == (False, "there is no instance nobody; did you mean app-1?")
    assert (await door.client.stop_engine()).ok
    assert door.notebook.asked == [("restart", "app-1"), ("kill", "nobody"), ("stop_engine", "")]


async def test_what_a_person_sets_comes_back_with_what_was_done_or_why_not(door: Door) -> None:
    replies = [
        await door.client.set_latency(0.5),
        await door.client.set_latency(101.0),
        await door.client.scale("app", "us-east", 3),
        await door.client.scale("app", "us-east", None),
        await door.client.set_start_policy("app", "paused"),
    ]
    assert [(reply.ok, reply.message) for reply in replies] == [
        (True, "latency is 0.5 now"),
        (False, "at most 100"),
        (True, "app in us-east: 3"),
        (True, "app in us-east: None"),
        (True, "app starts by paused"),
    ]
    assert door.notebook.asked == [
        ("latency", 0.5),
        ("latency", 101.0),
        ("scale", "app", "us-east", 3),
        ("scale", "app", "us-east", None),
        ("start_policy", "app", "paused"),
    ]


async def test_a_slow_action_does_not_hold_up_another(door: Door) -> None:
    door.notebook.free.clear()
    slow = asyncio.create_task(door.client.act("stop", "app-1"))
    async with asyncio.timeout(LIMIT_S):
        while not door.notebook.asked:
            await asyncio.sleep(0)
        await door.client.get_frame()
    assert not slow.done()
    door.notebook.free.set()
    assert (await slow).ok


async def test_no_engine_is_said_clearly(tmp_path: Path) -> None:
    client = ControlClient(tmp_path / "nobody.sock")
    questions = (
        client.get_frame(),
        client.act("stop", "app-1"),
        client.set_latency(1.0),
        client.scale("app", "us-east", 1),
        client.set_start_policy("app", "plain"),
        client.stop_engine(),
        client.events(),
    )
    for question in questions:
        with pytest.raises(EngineGone, match=r"no engine answers at .*nobody\.sock \(No such file"):
            await question
    with pytest.raises(EngineGone):
        await anext(client.frames())
    with pytest.raises(EngineGone):
        await ControlClient.connect(tmp_path / "nobody.sock")


async def test_an_engine_that_goes_away_ends_frames_and_events(door: Door) -> None:
    frames = door.client.frames()
    await anext(frames)
    subscription = await door.client.events()
    await door.server.close()
    with pytest.raises(EngineGone, match="went away"):
        await until(frames, 1)
    with pytest.raises(EngineGone, match="went away"):
        await anext(subscription)
    await subscription.close()


async def test_the_last_frame_tells_what_happened_last(door: Door) -> None:
    frames = door.client.frames(1.0)
    await anext(frames)
    door.publish(request(1.0))
    await door.server.close()
    assert (await until(frames, 1)).flow.requests_total == 1
    await close(frames)


async def test_a_wrong_rate_is_refused_and_the_engine_lives_on(door: Door) -> None:
    for per_second in (0.0, -1.0):
        with pytest.raises(SubscriptionEnded, match="per_second must be a number above 0"):
            await anext(door.client.frames(per_second))
    assert (await door.client.get_frame()).sequence == 0


@pytest.mark.parametrize("line", [b"hello\n", b'{"push":"frame","frame":{}}\n', b'{"push":"reply","id":1'])
async def test_something_else_at_the_socket_is_no_engine(tmp_path: Path, line: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(line)
        writer.close()

    path = tmp_path / "other.sock"
    async with await asyncio.start_unix_server(answer, path):
        with pytest.raises(EngineGone, match=r"other\.sock (speaks another version|went away)"):
            await ControlClient(path).get_frame()


async def read_all(subscription: EventSubscription) -> None:
    async with asyncio.timeout(LIMIT_S):
        async for _ in subscription:
            pass


async def test_a_reader_cut_off_from_events_is_told_so(door: Door, connect: Connect) -> None:
    subscription = await door.client.events()
    big = request(1.0, path="/" + "x" * 1_000_000)
    door.publish(*[big] * 20)
    with pytest.raises(SubscriptionEnded, match="subscribe again for a new frame"):
        await read_all(subscription)
    await subscription.close()
    async with await door.client.events() as again:
        door.publish(request(2.0))
        assert (await anext(again)).sequence == again.frame.sequence + 1
