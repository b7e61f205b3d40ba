"""Bodies over a link: those of this side, sent as they are pulled, and the other side's, pulled when read."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from core.http.errors import BodyLost
from core.worker.link.frames import CREDIT_BYTES, Kind
from core.worker.link.payloads import U32
from core.worker.link.reader import BrokenLink

if TYPE_CHECKING:
    from core.worker.link.connection import LinkConnection

Release = Callable[[], Awaitable[None]]


class SentBody:
    """A body of this side. Nothing of it is read before the other side pulls."""

    __slots__ = ("_credit", "_link", "_reading", "_release", "_task", "_waiter", "number", "source")

    def __init__(
        self, link: "LinkConnection", number: int, source: AsyncIterator[bytes], release: Release | None
    ) -> None:
        self.number = number
        self.source = source
        self._release = release
        self._link = link
        self._credit = 0
        self._reading = False
        self._task: asyncio.Task[None] | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def begun(self) -> bool:
        """Say whether the other side has begun to pull."""
        return self._task is not None

    def pull(self, wanted_bytes: int) -> None:
        """Let so many more bytes pass."""
        self._credit += wanted_bytes
        if self._task is None:
            self._task = self._link.spawn(self._run())
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def drop(self) -> None:
        """Send nothing more, and let go of the source."""
        if self._task is not None:
            self._task.cancel()
        if not self._reading:
            # A task that is cancelled before its first step does not let go of anything.
            self._task = self._link.spawn(self._let_go())

    async def _run(self) -> None:
        link, number = self._link, self.number
        self._reading = True
        try:
            async for chunk in self.source:
                await self._send(chunk)
            link.send(Kind.END, number)
        except Exception as error:
            link.send(Kind.ABORT, number, (str(error) or type(error).__name__).encode())
        finally:
            link.forget_body(number)
            await self._let_go()

    async def _send(self, chunk: bytes | memoryview) -> None:
        """Send a chunk in pieces as large as the credit allows."""
        link = self._link
        while chunk:
            while not self._credit:
                self._waiter = asyncio.get_running_loop().create_future()
                await self._waiter
            if len(chunk) <= self._credit:
                piece, chunk = chunk, b""
            else:
                view = memoryview(chunk)
                piece, chunk = view[: self._credit], view[self._credit :]
            self._credit -= len(piece)
            link.send(Kind.DATA, self.number, piece)
            if link.is_full:
                await link.drain()

    async def _let_go(self) -> None:
        if self._release is not None:
            await self._release()
        else:
            await close_body(self.source)


class ReceivedBody(AsyncIterator[bytes]):
    """A body of the other side; its iterator raises BodyLost when it breaks off."""

    __slots__ = (
        "_chunks",
        "_ended",
        "_error",
        "_link",
        "_pulled",
        "_reader",
        "_unread",
        "number",
        "untouched",
    )

    def __init__(self, link: "LinkConnection", number: int) -> None:
        self.number = number
        self.untouched = True
        """Nobody has begun to read it: it can still be passed on by its number."""
        self._link = link
        self._chunks: deque[bytes] = deque()
        self._unread = 0
        self._pulled = 0
        """Bytes asked for that have not come."""
        self._ended = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None

    def feed(self, data: bytes) -> None:
        """Take a piece. Raises BrokenLink for more than was pulled."""
        size = len(data)
        if size > self._pulled:
            raise BrokenLink("more of a body was sent than was asked for")
        self._pulled -= size
        self._unread += size
        if size:
            self._chunks.append(data)
            self._wake()

    def end(self, error: Exception | None = None) -> None:
        """Note that nothing more comes."""
        if not self._ended:
            self._ended = True
            self._error = error
            self._wake()

    def pass_on(self) -> int:
        """Return the number under which the other side gets its own body back; it is not read here."""
        self.untouched = False
        self._link.forget_received(self.number)
        self.end()
        return self.number

    async def __anext__(self) -> bytes:
        self.untouched = False
        while not self._chunks:
            if self._error is not None:
                raise self._error
            if self._ended:
                raise StopAsyncIteration
            self._ask()
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        data = self._chunks.popleft()
        self._unread -= len(data)
        if not self._ended:
            self._ask()
        return data

    async def aclose(self) -> None:
        """Let go of the rest."""
        self.untouched = False
        self._chunks.clear()
        if not self._ended:
            self._link.forget_received(self.number)
            self._link.send(Kind.DROP, self.number)
            self.end()

    def _ask(self) -> None:
        missing = CREDIT_BYTES - self._pulled - self._unread
        if missing >= CREDIT_BYTES // 2:
            self._pulled += missing
            self._link.send(Kind.PULL, self.number, U32.pack(missing))

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


async def close_body(body: AsyncIterator[bytes] | None) -> None:
    """Close a body that can be closed."""
    aclose = getattr(body, "aclose", None)
    if aclose is not None:
        await aclose()


def lost(reason: str) -> BodyLost:
    """Return the error of a body whose link is gone."""
    return BodyLost(reason)
