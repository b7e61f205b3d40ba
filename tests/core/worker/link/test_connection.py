"""Bodies move over a link only as they are read, end as they end, and are let go of by both sides."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from core.http.errors import BodyLost
from core.worker.link.connection import LinkConnection, Side
from core.worker.link.frames import CREDIT_BYTES, Kind
from core.worker.link.payloads import U32
from tests.core.worker.link.conftest import WAIT_S, read


class End:
    """One end of a link, with what came to it."""

    def __init__(self, side: Side) -> None:
        self.link = LinkConnection(side, self._take, self._lost)
        self.frames: list[tuple[int, int, bytes]] = []
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def _take(self, kind: int, number: int, payload: bytes) -> None:
        self.frames.append((kind, number, payload))

    def _lost(self, reason: str) -> None:
        self.lost.set_result(reason)


class Source(AsyncIterator[bytes]):
    """A body that counts what is taken from it, and waits for ``gate`` before its end."""

    def __init__(self, *chunks: bytes, error: Exception | None = None) -> None:
        self.chunks = list(chunks)
        self.taken = 0
        self.error = error
        self.closed = asyncio.Event()
        self.endless = False

    async def __anext__(self) -> bytes:
        if self.chunks:
            self.taken += 1
            return self.chunks.pop(0)
        if self.endless:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed.set()


@pytest.fixture
async def ends() -> AsyncIterator[tuple[End, End]]:
    """Connect the engine's end with an isolate's."""
    made = [End("engine"), End("isolate")]
    for one, end in zip(made, socket.socketpair(), strict=True):
        await _connect(one, end)
    yield made[0], made[1]
    for one in made:
        one.link.close()
        await asyncio.wait_for(asyncio.shield(one.lost), WAIT_S)
        await one.link.settle()


async def _connect(one: End, end: socket.socket) -> None:
    await asyncio.get_running_loop().create_unix_connection(lambda: one.link, sock=end)


async def turn(one: End, other: End) -> None:
    """Return when what was sent so far has arrived on both sides."""
    for sender, receiver in ((one, other), (other, one), (one, other)):
        sender.link.send(Kind.PING, 0)
        count = len(receiver.frames)
        async with asyncio.timeout(WAIT_S):
            while len(receiver.frames) == count:
                await asyncio.sleep(0)


async def test_a_body_arrives_whole_whatever_its_chunks(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    data = bytes(range(256)) * 4096 * 3
    number = engine.link.send_body(Source(data[:1], b"", data[1:10], data[10:]))
    assert await read(isolate.link.receive_body(number)) == data


async def test_each_side_numbers_its_own(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    assert [engine.link.send_body(Source()), engine.link.next_number()] == [1, 3]
    assert [isolate.link.send_body(Source()), isolate.link.next_number()] == [2, 4]


async def test_nothing_is_taken_from_a_body_before_it_is_read(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    source = Source(b"one")
    body = isolate.link.receive_body(engine.link.send_body(source))
    await turn(engine, isolate)
    assert source.taken == 0
    assert body.untouched
    assert await anext(body) == b"one"
    assert not body.untouched


async def test_a_slow_reader_holds_the_source_back(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    source = Source(*[bytes(CREDIT_BYTES // 4)] * 100)
    body = isolate.link.receive_body(engine.link.send_body(source))
    await anext(body)
    await turn(engine, isolate)
    # The credit, and one chunk that waits for more.
    assert source.taken <= 6
    for _ in range(20):
        await anext(body)
    await turn(engine, isolate)
    assert 20 < source.taken <= 27


async def test_no_more_is_sent_than_was_pulled(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    number = engine.link.send_body(Source(b"0123456789"))
    body = isolate.link.receive_body(number)
    body._pulled = 7
    isolate.link.send(Kind.PULL, number, U32.pack(7))
    await turn(engine, isolate)
    assert body._unread == 7


async def test_a_source_that_fails_breaks_the_body_off(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    body = isolate.link.receive_body(engine.link.send_body(Source(b"one", error=ValueError("no more"))))
    assert await anext(body) == b"one"
    with pytest.raises(BodyLost, match="no more"):
        await anext(body)


@pytest.mark.parametrize("begun", [False, True])
async def test_a_body_that_is_not_wanted_is_closed_at_its_source(ends: tuple[End, End], begun: bool) -> None:
    engine, isolate = ends
    source = Source(b"one")
    source.endless = True
    body = isolate.link.receive_body(engine.link.send_body(source))
    if begun:
        await anext(body)
    await body.aclose()
    await asyncio.wait_for(source.closed.wait(), WAIT_S)
    assert [data async for data in body] == []


async def test_a_body_dropped_as_soon_as_pulled_is_closed_too(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    source = Source(b"one")
    number = engine.link.send_body(source)
    isolate.link.send(Kind.PULL, number, U32.pack(1))
    isolate.link.send(Kind.DROP, number)
    await asyncio.wait_for(source.closed.wait(), WAIT_S)


async def test_what_was_offered_unread_comes_back_as_it_was(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    source = Source(b"one")
    body = isolate.link.receive_body(engine.link.send_body(source))
    assert engine.link.take_back(body.pass_on()) is source
    assert engine.link.take_back(body.number) is None
    assert not source.closed.is_set()


async def test_what_was_read_from_does_not_come_back(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    body = isolate.link.receive_body(engine.link.send_body(Source(b"one", b"two")))
    await anext(body)
    assert engine.link.take_back(body.number) is None


async def test_release_stands_in_for_closing(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    source, released = Source(b"one"), asyncio.Event()

    async def release() -> None:
        released.set()

    body = isolate.link.receive_body(engine.link.send_body(source, release))
    assert await read(body) == b"one"
    await asyncio.wait_for(released.wait(), WAIT_S)
    assert not source.closed.is_set()


async def test_a_lost_link_ends_the_bodies_of_both_sides(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    source = Source(b"one")
    source.endless = True
    body = isolate.link.receive_body(engine.link.send_body(source))
    await anext(body)
    isolate.link.break_off("the test")
    with pytest.raises(BodyLost, match="the test"):
        await anext(body)
    await asyncio.wait_for(source.closed.wait(), WAIT_S)
    assert await asyncio.shield(engine.lost) == ""
    assert await asyncio.shield(isolate.lost) == "the test"
    with pytest.raises(BodyLost):
        await anext(engine.link.receive_body(2))


async def test_bytes_that_are_no_frames_break_the_link_with_a_reason(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    isolate.link.transport.write(b"GET / HTTP/1.1\r\n\r\n")
    assert "a frame of 542,393,671 bytes" in await asyncio.shield(engine.lost)


async def test_more_than_was_pulled_breaks_the_link(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    engine.link.receive_body(2)
    isolate.link.send(Kind.DATA, 2, b"unasked")
    assert "more of a body was sent than was asked for" in await asyncio.shield(engine.lost)


async def test_what_is_late_for_a_body_means_nothing(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    for kind in (Kind.DATA, Kind.END, Kind.ABORT, Kind.DROP, Kind.PULL):
        isolate.link.send(kind, 99, b"late")
    await turn(engine, isolate)
    assert not engine.lost.done()
