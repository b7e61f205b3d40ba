"""Cron triggers: calls the Worker at the times that its cron expressions name."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from core.clock import Clock
from core.model.crons import due_times

LONGEST_WAIT_S = 60.0
"""How long to wait at most before the date is looked at again: it may be set, or the machine may sleep."""

OnDue = Callable[[str, int], Awaitable[None]]
"""Gets the expression and the time at which it came due, in milliseconds since 1970; must not raise."""


class Crons:
    """The cron triggers of one deployment. Runs of one trigger may overlap, as on the platform."""

    def __init__(self, expressions: Iterable[str], on_due: OnDue, clock: Clock) -> None:
        self._expressions = tuple(dict.fromkeys(expressions))
        self._on_due = on_due
        self._clock = clock
        self._runs: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Call the Worker whenever a trigger comes due, until cancelled; runs under way end with it."""
        try:
            await asyncio.gather(*(self._keep(one) for one in self._expressions))
        finally:
            for task in self._runs:
                task.cancel()
            await asyncio.gather(*self._runs, return_exceptions=True)

    async def _keep(self, expression: str) -> None:
        for due in due_times(expression, self._clock.wall_time()):
            await self._until(due)
            if (self._clock.wall_time() - due).total_seconds() > LONGEST_WAIT_S:
                continue  # the machine has slept: what came due meanwhile is not made up for
            task = asyncio.create_task(self._begin(expression, due))
            self._runs.add(task)
            task.add_done_callback(self._runs.discard)

    async def _begin(self, expression: str, due: datetime) -> None:
        await self._on_due(expression, int(due.timestamp() * 1000))

    async def _until(self, due: datetime) -> None:
        while (wait_s := (due - self._clock.wall_time()).total_seconds()) > 0:
            await asyncio.sleep(min(wait_s, LONGEST_WAIT_S))
