"""The last lines that a program wrote, bounded."""

import asyncio
import os
from collections import deque

LINES = 40
LINE_BYTES = 400
_READ_BYTES = 65_536
_DRAIN_READS = 16
"""A program that writes without end must not hold the engine up."""


class Tail:
    """Read a program's standard output and error, keep the last lines, drop the rest."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque(maxlen=LINES)
        self._open_line = b""
        self._reading: int | None
        self._reading, self.writing = os.pipe()
        """The end to give to the program; ``follow`` closes it here."""
        os.set_blocking(self._reading, False)

    def follow(self) -> None:
        """Read as the program writes, until it is closed; call it once the program has its end."""
        self._close_writing()
        assert self._reading is not None
        asyncio.get_running_loop().add_reader(self._reading, self._read)

    def last_words(self, lines: int = 3) -> str:
        """Return the last lines that are not blank, joined; for a reason that a person reads."""
        self._drain()
        texts = [line.decode(errors="replace").strip() for line in (*self._lines, self._open_line)]
        return " | ".join([text for text in texts if text][-lines:])

    def close(self) -> None:
        """Let go of the pipe; what was read stays."""
        self._close_writing()
        if self._reading is not None:
            self._drain()
        if self._reading is not None:
            self._close_reading()

    def _drain(self) -> None:
        for _ in range(_DRAIN_READS):
            if not self._read():
                return

    def _read(self) -> bool:
        """Read once; say whether there may be more."""
        if self._reading is None:
            return False
        try:
            data = os.read(self._reading, _READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._close_reading()
            return False
        *whole, rest = (self._open_line + data).split(b"\n")
        self._lines.extend(line[:LINE_BYTES] for line in whole)
        self._open_line = rest[:LINE_BYTES]
        return len(data) == _READ_BYTES

    def _close_writing(self) -> None:
        if self.writing >= 0:
            os.close(self.writing)
            self.writing = -1

    def _close_reading(self) -> None:
        if self._reading is not None:
            asyncio.get_running_loop().remove_reader(self._reading)
            os.close(self._reading)
            self._reading = None
