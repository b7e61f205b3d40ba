"""Keeps what a person should read: notices, and exceptions that the Worker raised."""

from collections import deque

from core.events.types import Notice, WorkerLogged
from core.frames.frame import RECENT_NOTICES, NoticeRow


class NoticesFold:
    """A ring of notices; the same exception raised again and again takes one place only."""

    def __init__(self) -> None:
        self.dropped = 0
        self._recent: deque[NoticeRow] = deque(maxlen=RECENT_NOTICES)

    def notice(self, event: Notice) -> None:
        """Keep one notice."""
        self._keep(NoticeRow(event.time_s, event.level, event.subject, event.message, event.advice))

    def logged(self, event: WorkerLogged) -> None:
        """Keep an exception of the Worker, unless the newest notice says the same."""
        if event.level != "exception":
            return
        newest = self._recent[-1] if self._recent else None
        if newest is None or (newest.subject, newest.message) != (event.worker, event.message):
            self._keep(NoticeRow(event.time_s, "error", event.worker, event.message, ""))

    def rows(self) -> tuple[NoticeRow, ...]:
        """Return the notices, newest last."""
        return tuple(self._recent)

    def _keep(self, row: NoticeRow) -> None:
        self.dropped += len(self._recent) == RECENT_NOTICES
        self._recent.append(row)
