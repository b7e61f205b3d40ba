"""Keeps what a person should read: notices, and exceptions that the Worker raised."""

from core.events.types import Notice, WorkerLogged
from core.frames.frame import RECENT_NOTICES, NoticeRow

Words = tuple[str, str, str, str]
"""Level, subject, message and advice: what makes two notices the same."""


class NoticesFold:
    """A ring of notices; what is said again takes one place only, at its last time, and is counted."""

    def __init__(self) -> None:
        self.dropped = 0
        self._recent: dict[Words, NoticeRow] = {}
        """Oldest first."""

    def notice(self, event: Notice) -> None:
        """Keep one notice."""
        self._keep(event.time_s, (event.level, event.subject, event.message, event.advice))

    def logged(self, event: WorkerLogged) -> None:
        """Keep an exception of the Worker."""
        if event.level == "exception":
            self._keep(event.time_s, ("error", event.worker, event.message, ""))

    def rows(self) -> tuple[NoticeRow, ...]:
        """Return the notices, newest last."""
        return tuple(self._recent.values())

    def _keep(self, time_s: float, words: Words) -> None:
        same = self._recent.pop(words, None)
        if same is None and len(self._recent) == RECENT_NOTICES:
            del self._recent[next(iter(self._recent))]
            self.dropped += 1
        self._recent[words] = NoticeRow(time_s, *words, times=same.times + 1 if same else 1)
