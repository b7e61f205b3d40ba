"""A body is read once, whole or in pieces, whatever it was made of."""

import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.worker.python.sdk.workers.body import Body, BodyInit, BodyStream
from core.worker.python.sdk.workers.headers import Headers


async def pieces(*parts: str | bytes) -> AsyncIterator[bytes]:
    """Yield the parts as a Worker's generator would."""
    for part in parts:
        yield part  # type: ignore[misc]


def make(body: BodyInit) -> Body:
    return Body(Headers(), body)


@pytest.mark.parametrize("body", ["grüße", "grüße".encode(), bytearray("grüße".encode())])
async def test_text_and_bytes_are_read_as_they_were_given_with_their_length(body: BodyInit) -> None:
    made = make(body)
    assert made.headers.get("content-length") == "7"
    assert await made.text() == "grüße"


async def test_text_says_its_type_and_bytes_say_none() -> None:
    assert make("x").headers.get("content-type") == "text/plain;charset=UTF-8"
    assert make(b"x").headers.get("content-type") is None


async def test_a_stream_of_text_and_bytes_has_no_length() -> None:
    made = make(pieces("a", b"b", "ü"))
    assert made.headers.get("content-length") is None
    assert await made.bytes() == "abü".encode()


async def test_a_body_is_read_once() -> None:
    made = make("once")
    assert not made.body_used
    assert await made.text() == "once"
    assert made.body_used
    with pytest.raises(TypeError, match="read once"):
        await made.text()
    with pytest.raises(TypeError, match="read once"):
        made.unread()


async def test_no_body_is_empty() -> None:
    assert make(None).body is None
    assert await make(None).bytes() == b""


async def test_a_piece_that_is_neither_text_nor_bytes_is_refused() -> None:
    stream = BodyStream(pieces(7))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="int"):
        await anext(stream)


@pytest.mark.parametrize("body", [{"a": 1}, [1]])
def test_what_wants_to_be_json_is_refused_with_the_way_to_do_it(body: object) -> None:
    with pytest.raises(TypeError, match=r"use Response\.json"):
        make(body)  # type: ignore[arg-type]


async def test_letting_go_of_a_stream_ends_its_source() -> None:
    ended = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            ended.append(True)

    stream = BodyStream(source())
    assert await anext(stream) == b"a"
    await stream.aclose()
    assert ended == [True]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)))
async def test_json_is_read_as_it_was_written(value: object) -> None:
    assert await make(json.dumps(value)).read_json() == value
