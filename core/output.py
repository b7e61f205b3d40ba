"""Events on standard output as JSON lines, written so that a slow reader cannot stop the engine."""

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import BinaryIO

from core.events.codec import encode
from core.events.types import AnyEvent

QUEUE_LINES = 200_000
"""How many lines may wait for a slow reader before further ones are dropped (and counted)."""


class DirectOutput:
    """Write each event at once; for virtual time, where the reader sets the speed."""

    def __init__(self, stream: BinaryIO, on_closed: Callable[[], None]) -> None:
        self._stream = stream
        self._on_closed = on_closed
        self._open = True

    def write(self, event: AnyEvent) -> None:
        """Write one event; a reader that has gone ends the output."""
        if not self._open:
            return
        try:
            self._stream.write(encode(event) + b"\n")
        except BrokenPipeError:
            self._open = False
            self._on_closed()

    def close(self) -> None:
        """Write out what waits."""
        with contextlib.suppress(BrokenPipeError, ValueError):
            self._stream.flush()


class QueuedOutput:
    """Hand each event to a thread that writes; for real time, where the engine must not wait."""

    def __init__(self, stream: BinaryIO, on_closed: Callable[[], None]) -> None:
        self._stream = stream
        self._on_closed = on_closed
        self._lines: queue.Queue[bytes | None] = queue.Queue(QUEUE_LINES)
        self.dropped = 0
        """Events that a slow reader has lost."""
        self._thread = threading.Thread(target=self._drain, name="event output", daemon=True)
        self._thread.start()

    def write(self, event: AnyEvent) -> None:
        """Queue one event; counts it as dropped when the queue is full."""
        try:
            self._lines.put_nowait(encode(event))
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Write out what waits, for at most two seconds."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=1.0)
        self._thread.join(timeout=2.0)

    def _drain(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._stream.write(line + b"\n")
                if self._lines.empty():
                    self._stream.flush()
            except (BrokenPipeError, ValueError):
                self._on_closed()
                return
        with contextlib.suppress(BrokenPipeError, ValueError):
            self._stream.flush()
