"""What one process of workerd writes: records of the shim, its control messages, and its own complaints."""

import asyncio
from collections.abc import Callable

from core.worker.workerd.failures import CHATTER, load_failure
from core.worker.workerd.records import LogLevel, OnLog, RecordReader

_LISTENS = '{"event":"listen"'
_LOAD_LINES = 200


class Output:
    """Sorts the lines. ``listening`` is set when workerd says that it serves."""

    def __init__(
        self,
        on_log: OnLog,
        on_end: Callable[[str], None],
        readable: Callable[[str], str],
    ) -> None:
        self.listening = asyncio.Event()
        self._on_log = on_log
        self._readable = readable
        self._records = RecordReader(self._log, on_end)
        self._complaints: list[str] = []

    def take(self, level: str, line: str) -> None:
        """Use one line of standard output ("log") or standard error ("error")."""
        if level == "log":
            if line.startswith(_LISTENS):
                self.listening.set()
            elif not self._records.take(line) and line:
                self._log("", "log", line)
        elif not self.listening.is_set():
            if len(self._complaints) < _LOAD_LINES:
                self._complaints.append(line)
        elif not CHATTER.match(line):
            self._log("", "error", line)

    def load_failure(self) -> str:
        """Return what workerd said before it served, which tells why it did not; empty for nothing."""
        return self._readable(load_failure(self._complaints))

    def _log(self, trace_id: str, level: LogLevel, text: str) -> None:
        self._on_log(trace_id, level, self._readable(text))
