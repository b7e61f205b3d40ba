"""The queue before one engine: how many starts it is given at a time, and when it has none to do."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

PARALLEL_STARTS = 4
"""Starts that one engine is given at a time; more only slow each other down (measured on two cores)."""


class StartQueue:
    """Let real starts through to the engine, a few at a time (``async with queue``); prepare in between."""

    def __init__(self) -> None:
        self._permits = asyncio.Semaphore(PARALLEL_STARTS)
        self._preparing = asyncio.Lock()
        self._idle = asyncio.Event()
        self._idle.set()
        self._starts = 0
        """Those under way, from their waiting here to the program's port."""

    async def __aenter__(self) -> None:
        await self._permits.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._permits.release()

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Be a start from its waiting in the queue to its end: inside, nothing else is prepared."""
        self._starts += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._starts -= 1
            if self._starts == 0:
                self._idle.set()

    @asynccontextmanager
    async def between_starts(self) -> AsyncIterator[None]:
        """Enter when no start is under way or waits; one preparation at a time, and no start waits for it."""
        async with self._preparing:
            await self._idle.wait()
            yield
