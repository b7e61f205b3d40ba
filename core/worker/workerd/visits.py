"""The requests and events that an isolate has under way, until answer and late work have ended."""

import asyncio

from core.worker.runtime import CpuTime
from core.worker.workerd.cpu import CpuMeter, CpuVisit

WAIT_UNTIL_S = 30.0
"""How long work may go on after the answer; the platform's figure."""
ALLOWED_LATENESS_S = 1.0


class Visits:
    """Counts them, and shares out the CPU time of their process."""

    def __init__(self, meter: CpuMeter) -> None:
        self._meter = meter
        self._late: dict[str, list[Visit]] = {}
        self._ended_early: set[str] = set()
        self.under_way = 0

    def begin(self, trace_id: str) -> "Visit":
        """Note that a request or event goes to the isolate."""
        self.under_way += 1
        return Visit(trace_id, self, self._meter.begin())

    def late_work_ended(self, trace_id: str) -> None:
        """Note that the isolate says so; it may say it before the end of the answer is seen."""
        for visit in self._late.pop(trace_id, []):
            visit.late_work_ended()

    def wait_for(self, visit: "Visit") -> None:
        """Remember a visit that goes on after its answer."""
        self._late.setdefault(visit.trace_id, []).append(visit)

    def forget(self, visit: "Visit") -> None:
        """Note that a visit has ended."""
        self.under_way -= 1
        late = self._late.get(visit.trace_id)
        if late is not None and visit in late:
            late.remove(visit)
            if not late:
                del self._late[visit.trace_id]

    def end_all(self) -> None:
        """End what goes on after its answer: the isolate is gone."""
        for visits in list(self._late.values()):
            for visit in list(visits):
                visit.late_work_ended()


class Visit:
    """One of them."""

    __slots__ = ("_answered", "_cpu", "_ended", "_late", "_timer", "_visits", "cpu_time", "trace_id")

    def __init__(self, trace_id: str, visits: Visits, cpu: CpuVisit) -> None:
        self.trace_id = trace_id
        self.cpu_time: CpuTime | None = None
        """Known once the answer has ended."""
        self._visits = visits
        self._cpu = cpu
        self._late = False
        self._answered = False
        self._ended = False
        self._timer: asyncio.TimerHandle | None = None

    def goes_on(self) -> None:
        """Note that work goes on after the answer; called before the answer is read."""
        self._late = True
        self._visits.wait_for(self)

    def answered(self) -> None:
        """Note that the answer has been read to its end, or given up; safe to call twice."""
        if self._answered:
            return
        self._answered = True
        self.cpu_time = self._cpu.end()
        if not self._late:
            self._end()
        elif not self._ended:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(WAIT_UNTIL_S + ALLOWED_LATENESS_S, self._end)

    def late_work_ended(self) -> None:
        """Note that nothing of the request goes on beside its answer."""
        self._late = False
        if self._answered:
            self._end()

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            if self._timer is not None:
                self._timer.cancel()
            self._visits.forget(self)
