"""One client at the door: lines in, lines out, and never more than so many bytes waiting for it."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import msgspec

from core.control.messages import AnyPush, Reply

log = logging.getLogger(__name__)

MAX_COMMAND_BYTES = 64 * 1024
MAX_WAITING_BYTES = 8 * 1024 * 1024
"""Bytes of events that may wait for a slow client before it is cut off."""
CUT_OFF_GRACE_S = 10.0
"""Seconds that a client that was cut off has to read what is still waiting for it."""
CUT_OFF_MESSAGE = "cut off: this client reads more slowly than events happen; subscribe again for a new frame"

_encoder = msgspec.json.Encoder()


def encode_push(push: AnyPush) -> bytes:
    """Return a push as one line."""
    return _encoder.encode(push) + b"\n"


class Connection:
    """The outgoing side of one client, and the tasks that work for it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._transport = writer.transport
        self._abort: asyncio.TimerHandle | None = None

    @property
    def closing(self) -> bool:
        """Say whether nothing can be sent any more."""
        return self._transport.is_closing()

    @property
    def idle(self) -> bool:
        """Say whether the client has read everything that was sent, as far as this side can tell."""
        return self._transport.get_write_buffer_size() == 0

    @property
    def overrun(self) -> bool:
        """Say whether too much waits for the client."""
        return self._transport.get_write_buffer_size() > MAX_WAITING_BYTES

    def reply(self, reply: Reply) -> None:
        """Send a reply."""
        self.send(encode_push(reply))

    def send(self, line: bytes) -> None:
        """Send encoded lines without waiting; nothing happens when the client has gone."""
        if not self.closing:
            self._writer.write(line)

    async def drained(self) -> None:
        """Return when not too much waits for the client. Raises ConnectionError when it has gone."""
        await self._writer.drain()

    def cut_off(self, command_id: int) -> None:
        """Tell the client that its subscription has ended, and close once it has read so far."""
        self.reply(Reply(id=command_id, ok=False, message=CUT_OFF_MESSAGE))
        self.close()

    def close(self, grace_s: float = CUT_OFF_GRACE_S) -> None:
        """Close after what was sent has been read, at the latest after ``grace_s``."""
        self._transport.close()
        if self._abort is not None:
            self._abort.cancel()
        self._abort = asyncio.get_running_loop().call_later(grace_s, self._transport.abort)

    async def closed(self) -> None:
        """Return when the connection is closed."""
        try:
            await self._writer.wait_closed()
        except OSError as error:
            log.debug("a control client went away: %s", error)
        finally:
            if self._abort is not None:
                self._abort.cancel()


class Tasks:
    """Tasks that nobody awaits while they run; an exception in one is logged, never lost."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work`` beside everything else."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def finish(self, timeout_s: float) -> None:
        """Wait for the tasks to end, and cancel those that are not done in time."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a control task failed", exc_info=task.exception())
