"""The visits under way, and the one place where a visit ends and is published."""

import asyncio
from collections.abc import Awaitable, Callable

from core.clock import Clock
from core.edge.visit import Visit
from core.events.bus import EventBus
from core.worker.runtime import CpuTime, WorkerFailed

CpuReport = Callable[[], Awaitable[CpuTime]]
"""Gives the Worker's CPU time for a visit; see Answer."""
NO_CPU_TIME = CpuTime(0.0, "estimated")
"""Where nobody reports any."""


class Visits:
    """Publishes exactly one RequestFinished for each visit."""

    def __init__(self, bus: EventBus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._under_way: dict[str, Visit] = {}
        self._reporting: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._under_way)

    def get(self, trace_id: str) -> Visit | None:
        """Return the visit of a trace, unless it has ended."""
        return self._under_way.get(trace_id)

    def open(self, visit: Visit) -> None:
        """Take a visit that has just arrived."""
        self._under_way[visit.trace_id] = visit

    def end(self, visit: Visit) -> bool:
        """Stop the visit's time; False when it had ended before. Who ends it has to publish it."""
        self._under_way.pop(visit.trace_id, None)
        return visit.end(self._clock.now_s())

    async def finish(self, visit: Visit, cpu_time: CpuReport) -> None:
        """End the visit and publish it with its CPU time; nothing when it had ended before."""
        if self.end(visit):
            await self.publish(visit, cpu_time)

    async def publish(self, visit: Visit, cpu_time: CpuReport) -> None:
        """Publish an ended visit once the Worker has reported its CPU time."""
        try:
            self._publish(visit, await cpu_time())
        except asyncio.CancelledError:
            # The connection closed while the report was on its way: the event is due all the same.
            self._publish_later(visit, cpu_time)
            raise
        except WorkerFailed:
            self._publish(visit, NO_CPU_TIME)

    def finish_later(self, visit: Visit, cpu_time: CpuReport) -> None:
        """End the visit now, and publish it without making a cancelled caller wait."""
        if self.end(visit):
            self._publish_later(visit, cpu_time)

    def finish_unreported(self, visit: Visit) -> None:
        """End and publish a visit of which the Worker reports no CPU time."""
        if self.end(visit):
            self._publish(visit, NO_CPU_TIME)

    async def close(self) -> None:
        """Wait until every ended visit is published."""
        while self._reporting:
            await asyncio.gather(*self._reporting)

    def _publish_later(self, visit: Visit, cpu_time: CpuReport) -> None:
        task = asyncio.get_running_loop().create_task(self.publish(visit, cpu_time))
        self._reporting.add(task)
        task.add_done_callback(self._reporting.discard)

    def _publish(self, visit: Visit, cpu: CpuTime) -> None:
        self._bus.publish(visit.as_event(self._bus.now_s(), cpu))
