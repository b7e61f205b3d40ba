"""How an instance is emptied before it is stopped: it gets nothing new, and ends what it has begun."""

import asyncio
from typing import Protocol

from core.containers.ending import Wish


class Drained(Protocol):
    """What can be emptied."""

    @property
    def has_requests(self) -> bool:
        """Whether a request is in flight at it, or waits for it."""

    def ask(self, wish: Wish) -> None:
        """Let it end as wished."""


class Drain:
    """The emptying of one instance, and the wish that it ends once it is empty."""

    def __init__(self, drained: Drained) -> None:
        self._drained = drained
        self._wish: Wish | None = None
        self._limit: asyncio.TimerHandle | None = None

    @property
    def is_on(self) -> bool:
        """Say whether it is being emptied, so that it shall get nothing new."""
        return self._wish is not None

    def begin(self, wish: Wish) -> None:
        """End it as wished when it is empty, now if it is; after the wish's grace in any case."""
        self.stop()
        self._wish = wish
        self._limit = asyncio.get_running_loop().call_later(wish.grace_s, self._end)
        self.look()

    def look(self) -> None:
        """End it if it is being emptied and has nothing left."""
        if self._wish is not None and not self._drained.has_requests:
            self._end()

    def request_left(self) -> None:
        """Look once all is done that comes with the end of a request."""
        if self._wish is not None:
            asyncio.get_running_loop().call_soon(self.look)

    def stop(self) -> None:
        """Empty it no more; it takes requests again."""
        self._wish = None
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _end(self) -> None:
        wish = self._wish
        self.stop()
        if wish is not None:
            self._drained.ask(wish)
