"""A link keeps each side's bodies apart, gives back what was offered unread, and ends with a reason."""

import asyncio

import pytest

from core.http.errors import BodyLost
from core.worker.link.frames import Kind
from tests.core.worker.link.conftest import WAIT_S
from tests.core.worker.link.ends import End, Source, ends, turn

__all__ = ["ends"]


async def test_each_side_numbers_its_own(ends: tuple[End, End]) -> None:
    engine, isolate = ends
    assert [engine.link.send_body(Source()), engine.link.next_number()] == [1, 3]
    assert [isolate.link.send_body(Source()), isolate.link.next_number()] == [2, 4]


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
