"""Looks after the scaling of all classes in all regions: each second, and not at all while everything sleeps.

A schedule's times wake it, and so does a start that makes room for the next one.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime

from core.clock import Clock
from core.containers.scaling.policies import minute_of
from core.containers.scaling.scaler import Scaler
from core.model.scaling import ScheduleEntry

TICK_S = 1.0
_DAY_S = 86_400.0


class ScalingUpkeep:
    """Review every scaler when it is due."""

    def __init__(self, scalers: Sequence[Scaler], schedule: Sequence[ScheduleEntry], clock: Clock) -> None:
        self._scalers = scalers
        self._schedule = schedule
        self._clock = clock
        self._due = asyncio.Event()
        self._resting = False
        for scaler in scalers:
            scaler.on_work = self._work_came
            scaler.on_room = self._due.set

    async def run(self) -> None:
        """Go on for ever."""
        while True:
            self._due.clear()
            for scaler in self._scalers:
                scaler.review()
            self._resting = not any(scaler.has_work for scaler in self._scalers)
            wait_s = until_next_s(self._schedule, self._clock.wall_time()) if self._resting else TICK_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), wait_s)

    def _work_came(self) -> None:
        # While there is work already, the next tick is soon enough.
        if self._resting:
            self._due.set()


def until_next_s(schedule: Sequence[ScheduleEntry], now: datetime) -> float | None:
    """Return the seconds until the next time of the schedule, UTC; None without one."""
    gone_s = now.hour * 3600 + now.minute * 60 + now.second + now.microsecond / 1e6
    waits = [(minute_of(entry) * 60 - gone_s) % _DAY_S or _DAY_S for entry in schedule]
    return min(waits, default=None)
