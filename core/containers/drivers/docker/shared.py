"""Work that several wait for and that is done once, such as the pull of an image."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

from core.containers.drivers.protocol import Progress

T = TypeVar("T")


class _Running:
    def __init__(self) -> None:
        self.listeners: list[Progress] = []
        self.task: asyncio.Task[Any] | None = None

    def tell(self, line: str) -> None:
        for listener in self.listeners:
            listener(line)


class SharedWork:
    """Do each piece of work once at a time; all who ask meanwhile get its result and its progress."""

    def __init__(self) -> None:
        self._running: dict[Hashable, _Running] = {}

    async def run(self, key: Hashable, work: Callable[[Progress], Awaitable[T]], progress: Progress) -> T:
        """Return the result of ``work``, joining it when it is under way for the same ``key``.

        It is cancelled when the last one who waits is cancelled.
        """
        running = self._running.get(key)
        if running is None or running.task is None:
            running = self._running[key] = _Running()
            running.task = asyncio.ensure_future(self._work(key, work, running))
        running.listeners.append(progress)
        try:
            result: T = await asyncio.shield(running.task)
            return result
        finally:
            running.listeners.remove(progress)
            if not running.listeners and not running.task.done():
                running.task.cancel()
                await asyncio.wait({running.task})

    async def _work(self, key: Hashable, work: Callable[[Progress], Awaitable[T]], running: _Running) -> T:
        try:
            return await work(running.tell)
        finally:
            del self._running[key]
