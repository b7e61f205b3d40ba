"""What the shim writes on standard output for the engine: lines of the log, and the end of late work."""

from collections.abc import Callable
from typing import Literal

import msgspec

MARK = "\x1fhybrid-tui "
LogLevel = Literal["log", "warning", "error", "exception"]
OnLog = Callable[[str, LogLevel, str], None]
"""Gets trace id (empty outside of requests), level and text of what the Worker prints or raises."""
_LONGEST_TEXT = 256 * 1024


class Record(msgspec.Struct):
    """One line behind the mark. ``more``: the text goes on; ``ended``: no work of the request is left."""

    trace: str
    level: LogLevel = "log"
    text: str = ""
    more: bool = False
    ended: bool = False


_decode = msgspec.json.Decoder(Record).decode


class RecordReader:
    """Takes the process's lines; tells whole lines of the log, and ends."""

    def __init__(self, on_log: OnLog, on_end: Callable[[str], None]) -> None:
        self._on_log = on_log
        self._on_end = on_end
        self._begun = ""

    def take(self, line: str) -> bool:
        """Use a line; False when it is no record."""
        if not line.startswith(MARK):
            return False
        try:
            record = _decode(line[len(MARK) :])
        except msgspec.DecodeError:
            return False
        if record.ended:
            self._on_end(record.trace)
        elif record.more:
            self._begun = (self._begun + record.text)[:_LONGEST_TEXT]
        else:
            text, self._begun = self._begun + record.text, ""
            self._on_log(record.trace, record.level, text)
        return True
