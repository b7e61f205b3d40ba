"""Raw bytes over a connection, with back-pressure both ways, and the pump between two of them."""

import asyncio
from collections import deque
from collections.abc import Callable

from core.http.messages import Tunnel

HIGH_WATER_BYTES = 256 * 1024
"""Bytes read ahead before the peer is made to wait."""
LOW_WATER_BYTES = 64 * 1024
HALF_CLOSED_IDLE_S = 60.0
"""How long one direction may stay silent once the other has ended."""


class WriteGate(asyncio.Protocol):
    """The writing side of a protocol: lets writers wait while the transport's buffer is full."""

    transport: asyncio.Transport
    lost = False
    """The connection is gone."""

    def __init__(self) -> None:
        self._full = False
        self._writers: list[asyncio.Future[None]] = []

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        for writer in self._writers:
            if not writer.done():
                writer.set_result(None)
        self._writers.clear()

    async def drain(self) -> None:
        """Wait until the transport takes more; raises ConnectionResetError when it is gone."""
        while self._full and not self.lost:
            writer = asyncio.get_running_loop().create_future()
            self._writers.append(writer)
            await writer
        if self.lost:
            raise ConnectionResetError("the connection is closed")

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.resume_writing()


class ByteTunnel(WriteGate):
    """A connection as two byte streams; takes over a transport from an HTTP protocol."""

    def __init__(self, transport: asyncio.Transport, first: bytes = b"") -> None:
        super().__init__()
        self.transport = transport
        self.on_end: Callable[[], None] | None = None
        """Called once when the peer ends its stream or the connection is lost."""
        self._chunks: deque[bytes] = deque([first] if first else [])
        self._size = len(first)
        self._paused = False
        self._ended = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        transport.set_protocol(self)
        transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        if self._size > HIGH_WATER_BYTES and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._end()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._error = exc
        self._end()

    def _end(self) -> None:
        self._ended = True
        self._wake()
        if self.on_end is not None:
            on_end, self.on_end = self.on_end, None
            on_end()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def read(self) -> bytes:
        """Return the next bytes; empty at the peer's end. Raises ConnectionError when it broke."""
        while not self._chunks:
            if self._error is not None:
                raise ConnectionResetError(str(self._error)) from self._error
            if self._ended:
                return b""
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        data = self._chunks.popleft()
        self._size -= len(data)
        if self._paused and self._size < LOW_WATER_BYTES:
            self._paused = False
            self.transport.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        """Send bytes, waiting while the peer is slow. Raises ConnectionError when it is gone."""
        if self.lost or self.transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        self.transport.write(data)
        if self._full:
            await self.drain()

    async def write_eof(self) -> None:
        """End this side's stream."""
        if not self.transport.is_closing() and self.transport.can_write_eof():
            self.transport.write_eof()

    async def close(self) -> None:
        """Close both directions once what was written is sent."""
        self.transport.close()

    def abort(self) -> None:
        """Close at once."""
        self.transport.abort()


class _Direction:
    """One direction of a pump, and how much has passed."""

    def __init__(self, source: Tunnel, target: Tunnel) -> None:
        self.passed_bytes = 0
        self.task = asyncio.create_task(self._run(source, target))

    async def _run(self, source: Tunnel, target: Tunnel) -> None:
        while data := await source.read():
            await target.write(data)
            self.passed_bytes += len(data)
        await target.write_eof()


async def pump(left: Tunnel, right: Tunnel) -> None:
    """Pass bytes between two tunnels until both directions have ended or either breaks; closes both.

    When one direction ends, the other goes on until it is silent for ``HALF_CLOSED_IDLE_S`` seconds.
    """
    directions = (_Direction(left, right), _Direction(right, left))
    tasks = [direction.task for direction in directions]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        while not any(_broke(task) for task in tasks):
            passed_bytes = sum(direction.passed_bytes for direction in directions)
            open_ones = [task for task in tasks if not task.done()]
            if not open_ones:
                break
            done, _ = await asyncio.wait(open_ones, timeout=HALF_CLOSED_IDLE_S)
            if not done and passed_bytes == sum(direction.passed_bytes for direction in directions):
                break
    finally:
        for task in tasks:
            task.cancel()
        # A broken connection is how many tunnels end: the other side is told by the closing.
        await asyncio.gather(*tasks, return_exceptions=True)
        await left.close()
        await right.close()


def _broke(task: asyncio.Task[None]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
