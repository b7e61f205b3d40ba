"""The queue before one engine: how many starts it is given at a time, and when it has none to do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PARALLEL_STARTS = 4
"""Starts that one engine is given at a time; more only slow each other down (measured on two cores)."""


class StartQueue:
    """Let real starts through, a few at a time (``async with queue``), and preparations in between."""

    def __init__(self) -> None:
        self._permits = asyncio.Semaphore(PARALLEL_STARTS)
        self._preparing = asyncio.Lock()
        self._idle = asyncio.Event()
        self._idle.set()
        self._starts = 0
        """Those under way and those that wait."""

    async def __aenter__(self) -> None:
        self._starts += 1
        self._idle.clear()
        try:
            await self._permits.acquire()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._permits.release()
        self._leave()

    def _leave(self) -> None:
        self._starts -= 1
        if self._starts == 0:
            self._idle.set()

    @asynccontextmanager
    async def between_starts(self) -> AsyncIterator[None]:
        """Enter when no start is under way or waits; one preparation at a time, and no start waits for it."""
        async with self._preparing:
            await self._idle.wait()
            yield
