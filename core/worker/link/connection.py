"""One end of a link: frames in and out over a Unix socket, and the bodies that pass over it both ways."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Literal, cast

from core.http.tunnel import WriteGate
from core.worker.link.frames import HEADER, Kind
from core.worker.link.payloads import U32
from core.worker.link.reader import BrokenLink, FrameReader
from core.worker.link.streams import ReceivedBody, Release, SentBody, lost

Side = Literal["engine", "isolate"]
OnFrame = Callable[[int, int, bytes], None]
"""Gets kind, id and payload of each frame that is not about a body. Whatever it raises breaks the link."""
OnLost = Callable[[str], None]
"""Called once when the link is over: with why it was broken off, or "" when the other side closed it."""
_JOINED_BYTES = 4096
"""Up to here copying a payload behind its header is cheaper than writing twice."""
_NUMBERS = 0xFFFF_FFFF


class LinkConnection(WriteGate):
    """The protocol of either end; ``side`` decides who numbers odd and who even."""

    def __init__(self, side: Side, on_frame: OnFrame, on_lost: OnLost) -> None:
        super().__init__()
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._reader = FrameReader()
        self._last_number = -1 if side == "engine" else 0
        self._sent: dict[int, SentBody] = {}
        self._received: dict[int, ReceivedBody] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken = ""
        self.connected = False

    @property
    def is_full(self) -> bool:
        """Say whether writers of much should ``drain`` first."""
        return self._full

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of asyncio's
        self.connected = True

    def data_received(self, data: bytes) -> None:
        try:
            for kind, identity, payload in self._reader.feed(data):
                if kind >= Kind.PULL and kind <= Kind.DROP:
                    self._take_of_body(kind, identity, payload)
                else:
                    self._on_frame(kind, identity, payload)
        except Exception as error:
            self.break_off(f"{type(error).__name__}: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for task in self._tasks:
            task.cancel()
        for sent in list(self._sent.values()):
            sent.drop()
        self._sent.clear()
        received, self._received = self._received, {}
        for body in received.values():
            body.end(lost(self._broken or "the connection to the other side was lost"))
        self._on_lost(self._broken)

    def break_off(self, reason: str) -> None:
        """Close the link at once; ``reason`` goes to ``on_lost``."""
        if not self._broken:
            self._broken = reason
        if self.connected:
            self.transport.abort()

    def close(self) -> None:
        """Close the link once what was written is sent."""
        if self.connected:
            self.transport.close()

    def send(self, kind: Kind, identity: int, payload: bytes | memoryview = b"") -> None:
        """Send one frame; on a link that is gone it is lost."""
        if not self.connected or self.lost or self.transport.is_closing():
            return
        header = HEADER.pack(len(payload), kind, identity)
        if len(payload) <= _JOINED_BYTES:
            self.transport.write(header + payload)
        else:
            self.transport.writelines((header, payload))

    def next_number(self) -> int:
        """Return a number for a stream or socket of this side."""
        self._last_number += 2
        if self._last_number > _NUMBERS:
            self._last_number = 2 - (self._last_number & 1)
        return self._last_number

    def send_body(self, source: AsyncIterator[bytes], release: Release | None = None) -> int:
        """Offer a body to the other side and return its stream number.

        ``release`` is called once it has been read, dropped, or cannot be sent; without one its iterator is
        closed.
        """
        number = self.next_number()
        self._sent[number] = SentBody(self, number, source, release)
        return number

    def take_back(self, number: int) -> AsyncIterator[bytes] | None:
        """Return a body that was offered and that the other side has not begun to read, else None."""
        sent = self._sent.get(number)
        if sent is None or sent.begun:
            return None
        del self._sent[number]
        return sent.source

    def drop_body(self, number: int) -> None:
        """Withdraw a body that was offered: whatever of it is left is let go of."""
        sent = self._sent.pop(number, None)
        if sent is not None:
            sent.drop()

    def forget_body(self, number: int) -> None:
        """Note that a body of this side is over."""
        self._sent.pop(number, None)

    def receive_body(self, number: int) -> ReceivedBody:
        """Return a body of the other side; nothing of it moves before it is read."""
        body = ReceivedBody(self, number)
        if self.lost:
            body.end(lost("the connection to the other side was lost"))
        else:
            self._received[number] = body
        return body

    def forget_received(self, number: int) -> None:
        """Take no more of a body of the other side."""
        self._received.pop(number, None)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run work that belongs to the link; what it raises is not an error of the loop."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # A source that fails while it is let go of has no reader left to be told.
            task.exception()

    async def settle(self) -> None:
        """Wait until the tasks of a link that is gone have ended."""
        while self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait(self._tasks)

    def _take_of_body(self, kind: int, number: int, payload: bytes) -> None:
        if kind == Kind.PULL or kind == Kind.DROP:
            sent = self._sent.get(number)
            if sent is None:
                # It has ended, or was passed on, while this was on its way.
                return
            if kind == Kind.PULL:
                sent.pull(U32.unpack(payload)[0])
            else:
                self.drop_body(number)
            return
        body = self._received.get(number)
        if body is None:
            return
        if kind == Kind.DATA:
            body.feed(payload)
            return
        del self._received[number]
        body.end(None if kind == Kind.END else lost(payload.decode("utf-8", "replace")))


__all__ = ["BrokenLink", "LinkConnection", "OnFrame", "OnLost", "Side"]
