"""The engine's side of the door: bad commands get an answer, slow clients harm nobody, one door an engine."""

import asyncio
import socket
import stat
from pathlib import Path

import pytest

from core.control.connection import CUT_OFF_MESSAGE, MAX_COMMAND_BYTES
from core.control.feeds import MAX_FRAMES_PER_SECOND
from core.control.messages import EventPush, FramePush, Reply
from core.control.server import MAX_CLIENTS, AlreadyServed, ControlServer
from core.events.bus import EventBus
from core.frames.fold import FrameFold
from core.frames.frame import RECENT_REQUESTS, Frame
from tests import streams
from tests.core.control.conftest import LIMIT_S, Connect, Door, Notebook, RawClient
from tests.core.frames.events import request


async def reply_to(client: RawClient, command: bytes | dict[str, object]) -> Reply:
    client.send(command)
    push = await client.receive()
    assert isinstance(push, Reply)
    return push


async def test_the_socket_is_its_owners_alone_and_goes_with_the_door(door: Door) -> None:
    mode = door.path.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    await door.server.close()
    assert not door.path.exists()


async def test_a_second_engine_is_refused_and_the_first_keeps_its_socket(door: Door) -> None:
    bus = EventBus(door.bus._clock)
    second = ControlServer(bus, FrameFold(), Notebook(), door.path)
    with pytest.raises(AlreadyServed, match="another engine answers at"):
        await second.start()
    await second.close()
    assert (await door.client.get_frame()).sequence == 0


async def test_the_socket_of_a_killed_engine_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    assert path.is_socket()
    made = Door(path)
    await made.server.start()
    assert (await made.client.get_frame()).sequence == 0
    await made.server.close()


async def test_a_fold_that_missed_events_is_refused(tmp_path: Path) -> None:
    made = Door(tmp_path / "engine.sock")
    made.fold.apply(request(0.0))
    with pytest.raises(ValueError, match="the fold has missed events"):
        await made.server.start()


@pytest.mark.parametrize(
    ("command", "command_id", "reason"),
    [
        (b"hello\n", 0, "this is no command: JSON is malformed"),
        (b"\n", 0, "this is no command"),
        (b"\xff\xfe\n", 0, "this is no command"),
        (b"[1, 2]\n", 0, "this is no command"),
        ({"command": "dance", "id": 7}, 7, "Invalid value 'dance'"),
        ({"id": 8}, 8, "missing required field `command`"),
        ({"command": "get_frame"}, 0, "missing required field `id`"),
        ({"command": "instance", "id": 9, "action": "explode", "instance": "app-1"}, 9, "'explode'"),
        ({"command": "instance", "id": 10, "action": "stop"}, 10, "missing required field `instance`"),
        ({"command": "subscribe_frames", "id": 11, "per_second": "often"}, 11, "per_second"),
        ({"command": "subscribe_frames", "id": 12, "per_second": 0}, 12, "must be a number above 0"),
        ({"command": "instance", "id": 13, "action": "stop", "instance": "nobody"}, 13, "did you mean app-1"),
        ({"command": "latency", "id": 14, "scale": "far"}, 14, "`$.scale`"),
        ({"command": "latency", "id": 15, "scale": 101}, 15, "at most 100"),
        (
            {"command": "scale", "id": 16, "container": "app", "region": "x", "instances": 1.5},
            16,
            "instances",
        ),
        ({"command": "scale", "id": 17, "container": "app", "region": "x"}, 17, "missing required field"),
        ({"command": "start_policy", "id": 18, "container": "app", "policy": "warm"}, 18, "'warm'"),
    ],
)
async def test_a_bad_command_is_answered_in_words_and_the_next_one_works(
    connect: Connect, command: bytes | dict[str, object], command_id: int, reason: str
) -> None:
    client = await connect()
    refused = await reply_to(client, command)
    assert (refused.id, refused.ok) == (command_id, False)
    assert reason in refused.message
    good = await reply_to(client, {"command": "get_frame", "id": 99})
    assert (good.id, good.ok, good.frame is not None) == (99, True, True)


async def test_an_endless_command_is_refused_and_its_client_let_go(door: Door, connect: Connect) -> None:
    client = await connect()
    client.send(b"x" * (2 * MAX_COMMAND_BYTES))
    (refused,) = await client.rest()
    assert isinstance(refused, Reply)
    assert refused.message == f"a command may have {MAX_COMMAND_BYTES} bytes"
    assert (await door.client.get_frame()).sequence == 0


async def test_a_failing_action_is_told_and_the_engine_lives_on(
    door: Door, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    door.notebook.failure = RuntimeError("the disk is full")
    client = await connect()
    failed = await reply_to(client, {"command": "instance", "id": 1, "action": "stop", "instance": "app-1"})
    assert (failed.ok, "RuntimeError: the disk is full" in failed.message) == (False, True)
    assert "a control command failed" in caplog.text
    assert (await door.client.get_frame()).sequence == 0


async def test_an_action_is_carried_out_when_its_client_has_gone(door: Door, connect: Connect) -> None:
    door.notebook.free.clear()
    client = await connect()
    client.send({"command": "instance", "id": 1, "action": "stop", "instance": "app-1"})
    async with asyncio.timeout(LIMIT_S):
        while not door.notebook.asked:
            await asyncio.sleep(0)
    await client.close()
    door.notebook.free.set()
    assert (await door.client.act("stop", "app-2")).ok


async def test_closing_waits_for_the_answers_that_are_under_way(door: Door, connect: Connect) -> None:
    door.notebook.free.clear()
    client = await connect()
    client.send({"command": "instance", "id": 1, "action": "stop", "instance": "app-1"})
    async with asyncio.timeout(LIMIT_S):
        while not door.notebook.asked:
            await asyncio.sleep(0)
    closing = asyncio.create_task(door.server.close())
    await asyncio.sleep(0)
    door.notebook.free.set()
    await closing
    assert [push.message for push in await client.rest() if isinstance(push, Reply)] == ["app-1: stop done"]


async def test_too_many_clients_are_refused_in_words(connect: Connect) -> None:
    clients = [await connect() for _ in range(MAX_CLIENTS)]
    for client in clients:
        await reply_to(client, {"command": "get_frame", "id": 1})
    (refused,) = await (await connect()).rest()
    assert isinstance(refused, Reply)
    assert (refused.ok, refused.message) == (False, f"{MAX_CLIENTS} clients are connected already")


async def test_the_first_frame_is_whole_and_later_ones_hold_what_is_new(door: Door, connect: Connect) -> None:
    door.publish(*streams.busy())
    client = await connect()
    await reply_to(client, {"command": "subscribe_frames", "id": 1, "per_second": 30})
    whole = await client.receive()
    door.publish(request(100.0, trace_id="new"))
    part = await client.receive()
    assert isinstance(whole, FramePush)
    assert isinstance(part, FramePush)
    assert len(whole.frame.requests) == RECENT_REQUESTS
    assert [row.trace_id for row in part.frame.requests] == ["new"]
    assert part.after.requests == whole.frame.flow.requests_total


async def test_subscribers_of_one_pace_share_their_frames(door: Door, connect: Connect) -> None:
    clients = [await connect() for _ in range(5)]
    for client in clients:
        await reply_to(client, {"command": "subscribe_frames", "id": 1, "per_second": 30})
        await client.receive()
    before = door.server._frames.frames_made
    door.publish(request(1.0))
    made = {await asyncio.wait_for(client.reader.readline(), LIMIT_S) for client in clients}
    assert len(made) == 1
    assert door.server._frames.frames_made == before + 1


async def test_without_a_subscriber_no_frame_is_made(door: Door, connect: Connect) -> None:
    client = await connect()
    await reply_to(client, {"command": "subscribe_frames", "id": 1, "per_second": 30})
    await client.receive()
    await client.close()
    async with asyncio.timeout(LIMIT_S):
        while door.server._frames._ticking:
            await asyncio.sleep(0)
    made = door.server._frames.frames_made
    door.publish(*streams.starting())
    await door.client.get_frame()
    assert door.server._frames.frames_made == made


async def test_a_slow_client_skips_frames_and_then_gets_all_that_it_missed(
    door: Door, connect: Connect
) -> None:
    """The slow one does not read; the engine makes frames for a quick one and never queues more for it."""
    slow, quick = await connect(), door.client.frames(MAX_FRAMES_PER_SECOND)
    await reply_to(slow, {"command": "subscribe_frames", "id": 1, "per_second": 30})
    slow.stop_reading()
    for number in range(8):
        door.publish(
            *(request(number, path="/" + "x" * 20_000, trace_id=f"{number} {n}") for n in range(200))
        )
        async for frame in quick:
            if frame.sequence == door.bus.sequence:
                break
    connection = next(one for one in door.server._connections if not one.idle)
    assert connection._transport.get_write_buffer_size() < 2 * 200 * 21_000
    slow.read_on()
    frames = await frames_until(slow, door.bus.sequence)
    assert len(frames) < 8
    assert frames[-1].requests[-1].trace_id == "7 199"
    await quick.aclose()  # type: ignore[attr-defined]


async def frames_until(client: RawClient, sequence: int) -> list[Frame]:
    """Return the frames that come until one goes up to this event."""
    frames: list[Frame] = []
    async with asyncio.timeout(LIMIT_S):
        while not frames or frames[-1].sequence < sequence:
            push = await client.receive()
            assert isinstance(push, FramePush)
            frames.append(push.frame)
    return frames


async def test_a_client_slow_at_events_is_cut_off_and_the_others_get_all(
    door: Door, connect: Connect
) -> None:
    slow = await connect()
    await reply_to(slow, {"command": "subscribe_events", "id": 5})
    slow.stop_reading()
    big = request(1.0, path="/" + "x" * 1_000_000)
    async with await door.client.events() as quick:
        for _ in range(20):
            door.publish(big)
            async with asyncio.timeout(LIMIT_S):
                await anext(quick)
        slow.read_on()
        *pushes, last = await slow.rest()
        assert last == Reply(id=5, ok=False, message=CUT_OFF_MESSAGE)
        assert [push.sequence for push in pushes if isinstance(push, EventPush)] == list(
            range(1, len(pushes) + 1)
        )
        door.publish(request(2.0))
        assert (await anext(quick)).sequence == 21


async def test_a_second_subscription_on_one_line_goes_on_from_its_own_frame(
    door: Door, connect: Connect
) -> None:
    client = await connect()
    await reply_to(client, {"command": "subscribe_events", "id": 1})
    client.send({"command": "subscribe_events", "id": 2})
    door.publish(request(1.0))
    pushes = [await client.receive(), await client.receive()]
    door.publish(request(2.0))
    pushes.append(await client.receive())
    again = next(number for number, push in enumerate(pushes) if isinstance(push, Reply))
    reply = pushes[again]
    assert isinstance(reply, Reply)
    assert reply.frame is not None
    after = [push.sequence for push in pushes[again + 1 :] if isinstance(push, EventPush)]
    assert after == list(range(reply.frame.sequence + 1, 3))
