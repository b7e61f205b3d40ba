"""Visitors in a closed loop on virtual time: each holds its answer for a while, then asks again."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.events.types import ScalingDecided
from core.http.messages import Request
from tests.core.containers.rig import Recording, Rig, read

HOLD_S = 2.0
"""Time that a visitor takes to read an answer, so that load is made of few requests."""


class Crowd:
    """So many visitors at once, and the statuses of all their answers."""

    def __init__(self, rig: Rig, region: str = "us-east") -> None:
        self.statuses: Counter[int] = Counter()
        self._rig = rig
        self._region = region

    @asynccontextmanager
    async def of(self, visitors: int) -> AsyncIterator[None]:
        """Let them come inside; at the end each leaves when its answer is read."""
        leaving = asyncio.Event()
        tasks = [asyncio.ensure_future(self._visit(leaving)) for _ in range(visitors)]
        yield
        leaving.set()
        await asyncio.gather(*tasks)

    async def _visit(self, leaving: asyncio.Event) -> None:
        while not leaving.is_set():
            answer = await self._rig.fleet.fetch("app", self._region, Request("GET", "/"))
            await asyncio.sleep(HOLD_S)
            await read(answer)
            self.statuses[answer.response.status] += 1


def numbers(seen: Recording) -> list[int]:
    """Return the numbers that were decided on, in order."""
    return [event.instances for event in seen.of(ScalingDecided)]


def reasons(seen: Recording) -> list[str]:
    """Return the decisions' reasons, in order."""
    return [event.reason for event in seen.of(ScalingDecided)]
