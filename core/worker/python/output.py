"""What a Worker prints and logs, handed to the request that it belongs to."""

import io
import logging

from core.worker.python.visit import CURRENT, LogLevel, Visit


class LogStream(io.TextIOBase):
    """A text stream in the place of standard output or error."""

    def __init__(self, level: LogLevel, outside: Visit) -> None:
        self._level = level
        self._outside = outside

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        (CURRENT.get() or self._outside).write(self._level, text)
        return len(text)


class LogHandler(logging.Handler):
    """Takes records of the standard logging module."""

    def __init__(self, outside: Visit) -> None:
        super().__init__(logging.INFO)
        self._outside = outside

    def emit(self, record: logging.LogRecord) -> None:
        level: LogLevel = "log"
        if record.levelno >= logging.WARNING:
            level = "error" if record.levelno >= logging.ERROR else "warning"
        (CURRENT.get() or self._outside).log(level, self.format(record))
