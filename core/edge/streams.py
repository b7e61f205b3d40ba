"""Bodies and tunnels that are watched while they pass: counted, and their end noticed."""

from collections.abc import AsyncIterator, Awaitable, Callable

from core.http.messages import Tunnel

OnBytes = Callable[[int], None]
OnEnd = Callable[[BaseException | None], Awaitable[None]]
"""Called once when a stream is over: with None at its proper end, else with what broke it."""


class WatchedBody:
    """A body that passes unchanged, chunk by chunk. Nothing is kept of it."""

    __slots__ = ("_on_bytes", "_on_end", "_source")

    def __init__(self, source: AsyncIterator[bytes], on_bytes: OnBytes | None, on_end: OnEnd) -> None:
        self._source = source
        self._on_bytes = on_bytes
        self._on_end = on_end

    def __aiter__(self) -> "WatchedBody":
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await self._source.__anext__()
        except StopAsyncIteration:
            await self._on_end(None)
            raise
        except BaseException as error:
            await self._on_end(error)
            raise
        if self._on_bytes is not None:
            self._on_bytes(len(chunk))
        return chunk

    async def aclose(self) -> None:
        """Let go of the source; whoever holds the message says whether that is its end."""
        await close_body(self._source)


async def close_body(body: AsyncIterator[bytes] | None) -> None:
    """Close a body that can be closed."""
    aclose = getattr(body, "aclose", None)
    if aclose is not None:
        await aclose()


class WatchedTunnel:
    """A tunnel that passes unchanged; ``read`` gives what goes to the visitor.

    The emulated distance is waited for once, before the tunnel opens; what passes through it later is
    not delayed.
    """

    __slots__ = ("_inner", "_on_close", "_on_read", "_on_write")

    def __init__(
        self,
        inner: Tunnel,
        on_read: OnBytes,
        on_write: OnBytes,
        on_close: Callable[[], Awaitable[None]],
    ) -> None:
        self._inner = inner
        self._on_read = on_read
        self._on_write = on_write
        self._on_close = on_close

    async def read(self) -> bytes:
        """Return the next bytes for the visitor; empty at the end."""
        data = await self._inner.read()
        self._on_read(len(data))
        return data

    async def write(self, data: bytes) -> None:
        """Pass on bytes of the visitor."""
        await self._inner.write(data)
        self._on_write(len(data))

    async def write_eof(self) -> None:
        """Pass on that nothing more comes from the visitor."""
        await self._inner.write_eof()

    async def close(self) -> None:
        """Close both directions."""
        try:
            await self._inner.close()
        finally:
            await self._on_close()
