"""Bodies move over a link only as they are read, end as they end, and are let go of by both sides."""

import asyncio

import pytest

from core.http.errors import BodyLost
from core.worker.link.frames import CREDIT_BYTES, Kind
from core.worker.link.payloads import U32
from tests.core.worker.link.conftest import WAIT_S, read
from tests.core.worker.link.ends import End, Source, ends, turn

__all__ = ["ends"]


async def test_a_body_arrives_whole_whatever_its_chunks(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    data = bytes(range(256)) * 4096 * 3
    number = engine.link.send_body(Source(data[:1], b"", data[1:10], data[10:]))
    assert await read(isolate.link.receive_body(number)) == data


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


async def test_release_stands_in_for_closing(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    source, released = Source(b"one"), asyncio.Event()

    async def release() -> None:
        released.set()

    body = isolate.link.receive_body(engine.link.send_body(source, release))
    assert await read(body) == b"one"
    await asyncio.wait_for(released.wait(), WAIT_S)
    assert not source.closed.is_set()
