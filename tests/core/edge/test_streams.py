from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.edge.streams import WatchedBody, WatchedTunnel, close_body
from tests.core.edge.world import chunks


class Watch:
    """Notes what is told of a stream."""

    def __init__(self) -> None:
        self.passed_bytes = 0
        self.ends: list[BaseException | None] = []
        self.closed = 0

    def count(self, number: int) -> None:
        self.passed_bytes += number

    async def end(self, error: BaseException | None) -> None:
        self.ends.append(error)

    async def close(self) -> None:
        self.closed += 1


@given(st.lists(st.binary(max_size=50), max_size=20))
async def test_every_chunk_passes_unchanged_and_is_counted(parts: list[bytes]) -> None:
    watch = Watch()
    assert [one async for one in WatchedBody(chunks(*parts), watch.count, watch.end)] == parts
    assert watch.passed_bytes == sum(map(len, parts))
    assert watch.ends == [None]


async def test_what_breaks_a_body_is_told_and_passed_on() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError("gone")

    watch = Watch()
    with pytest.raises(ConnectionResetError):
        [one async for one in WatchedBody(broken(), watch.count, watch.end)]
    assert watch.passed_bytes == 4
    assert [str(error) for error in watch.ends] == ["gone"]


async def test_closing_a_body_early_closes_its_source() -> None:
    released: list[str] = []

    async def held() -> AsyncIterator[bytes]:
        try:
            yield b"one"
            yield b"two"
        finally:
            released.append("source")

    watch = Watch()
    body = WatchedBody(held(), watch.count, watch.end)
    await body.__anext__()
    await body.aclose()
    assert released == ["source"]


async def test_a_body_that_cannot_be_closed_is_left_alone() -> None:
    class Plain(AsyncIterator[bytes]):
        async def __anext__(self) -> bytes:
            raise StopAsyncIteration

    await close_body(Plain())
    await close_body(None)


class Broken:
    """A tunnel whose connection is gone."""

    async def read(self) -> bytes:
        raise ConnectionResetError("gone")

    async def write(self, data: bytes) -> None:
        raise ConnectionResetError("gone")

    async def write_eof(self) -> None:
        raise ConnectionResetError("gone")

    async def close(self) -> None:
        raise ConnectionResetError("gone")


async def test_a_tunnel_that_breaks_is_still_told_to_be_closed_and_counts_nothing() -> None:
    watch = Watch()
    tunnel = WatchedTunnel(Broken(), watch.count, watch.count, watch.close)
    for call in (tunnel.read(), tunnel.write(b"lost"), tunnel.write_eof(), tunnel.close()):
        with pytest.raises(ConnectionResetError):
            await call
    assert (watch.passed_bytes, watch.closed) == (0, 1)
