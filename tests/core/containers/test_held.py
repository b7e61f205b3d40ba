"""A response holds its instance until it is over, and lets go once."""

from collections.abc import AsyncIterator

import pytest

from core.containers.held import hold
from core.http.messages import Response, one_chunk, text_response


class Count:
    """Counts calls."""

    calls = 0

    def __call__(self) -> None:
        self.calls += 1


async def _breaks() -> AsyncIterator[bytes]:
    yield b"half"
    raise ConnectionResetError("gone")


class Echo:
    """A tunnel that gives back what it was sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    async def read(self) -> bytes:
        return self.sent.pop(0)

    async def write(self, data: bytes) -> None:
        self.sent.append(data)

    async def write_eof(self) -> None:
        self.sent.append(b"")

    async def close(self) -> None:
        self.closed = True


async def test_reading_to_the_end_lets_go() -> None:
    count = Count()
    response = hold(text_response(200, "hello"), count)
    assert count.calls == 0
    assert response.body is not None
    assert [chunk async for chunk in response.body] == [b"hello"]
    assert response.close is not None
    await response.close()
    assert count.calls == 1


async def test_closing_lets_go_and_closes_what_is_inside() -> None:
    count, inner = Count(), Count()

    async def close() -> None:
        inner()

    response = hold(Response(200, [], one_chunk(b"x"), None, close), count)
    assert response.close is not None
    await response.close()
    assert (count.calls, inner.calls) == (1, 1)


async def test_a_body_that_breaks_lets_go() -> None:
    count = Count()
    response = hold(Response(200, [], _breaks()), count)
    assert response.body is not None
    with pytest.raises(ConnectionResetError):
        [chunk async for chunk in response.body]
    assert count.calls == 1


async def test_a_response_without_body_lets_go_at_once() -> None:
    count = Count()
    hold(Response(204), count)
    assert count.calls == 1


async def test_a_response_that_is_dropped_lets_go() -> None:
    count = Count()
    hold(text_response(200, "hello"), count)
    assert count.calls == 1


async def test_an_open_tunnel_holds_until_it_is_closed() -> None:
    count, echo = Count(), Echo()
    response = hold(Response(101, [], None, echo), count)
    tunnel = response.tunnel
    assert tunnel is not None
    await tunnel.write(b"ping")
    assert await tunnel.read() == b"ping"
    await tunnel.write_eof()
    assert await tunnel.read() == b""
    assert count.calls == 0
    await tunnel.close()
    assert (count.calls, echo.closed) == (1, True)
