"""Both ends of a link in one process, and a body that knows what is taken from it."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from core.worker.link.connection import LinkConnection, Side
from core.worker.link.frames import Kind
from tests.core.worker.link.conftest import WAIT_S


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
