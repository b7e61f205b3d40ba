"""One request and its response on a client connection; also the response's body, read as it comes."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from core.http.messages import Response
from core.http.tunnel import HIGH_WATER_BYTES, LOW_WATER_BYTES

if TYPE_CHECKING:
    from core.http.connection import Connection


class Exchange(AsyncIterator[bytes]):
    """Holds what has come of a response and is not read yet.

    ``connection`` is None once the connection is free again or gone; the rest of the body is then
    here in whole.
    """

    __slots__ = (
        "_chunks",
        "_connection",
        "_error",
        "_paused",
        "_reader",
        "_size",
        "body_touched",
        "ended",
        "head",
        "is_head",
        "wants_upgrade",
    )

    def __init__(self, connection: "Connection", method: str, wants_upgrade: bool) -> None:
        self.head: asyncio.Future[Response] = connection.loop.create_future()
        self.is_head = method == "HEAD"
        self.wants_upgrade = wants_upgrade
        self.body_touched = False
        """The request's body has been read from, so it cannot be sent again."""
        self.ended = False
        self._connection: Connection | None = connection
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._paused = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None

    @property
    def unread_bytes(self) -> int:
        """Return how much of the body has come and is not read yet."""
        return self._size

    def feed(self, data: bytes) -> None:
        """Take a piece of the body; the peer waits when too much is unread."""
        self._chunks.append(data)
        self._size += len(data)
        if self._size > HIGH_WATER_BYTES and not self._paused and self._connection is not None:
            self._paused = True
            self._connection.transport.pause_reading()
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def end(self, error: Exception | None = None) -> None:
        """Note that nothing more comes, because the response is complete or because of an error."""
        if self._paused and self._connection is not None and error is None:
            self._connection.transport.resume_reading()
        self._paused = False
        self.ended = True
        self._connection = None
        self._error = error
        if error is not None and not self.head.done():
            self.head.set_exception(error)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def __anext__(self) -> bytes:
        while not self._chunks:
            if self._error is not None:
                raise self._error
            if self.ended:
                raise StopAsyncIteration
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        data = self._chunks.popleft()
        self._size -= len(data)
        if self._paused and self._size < LOW_WATER_BYTES and self._connection is not None:
            self._paused = False
            self._connection.transport.resume_reading()
        return data

    async def aclose(self) -> None:
        """Let go of the connection; one whose response is not complete is closed."""
        self._chunks.clear()
        if self._connection is not None:
            self._connection.abandon(self)
