"""Folds cold starts, under way and ended, into rows and totals."""

from collections import deque

from core.events.types import (
    ColdStart,
    ColdStartWaiting,
    DriverName,
    InstanceChanged,
    Kind,
    Phase,
    PhaseBegan,
)
from core.frames.frame import RECENT_COLD_STARTS, ColdStartRow, ColdStartTotals, PhaseProgress
from core.frames.instances import ENDED_STATES
from core.frames.window import ranked

TOTALS_SAMPLE = 1000
"""Percentiles are exact over so many of the latest cold starts that succeeded."""


class _UnderWay:
    """A cold start that has not ended."""

    def __init__(self, event: InstanceChanged | PhaseBegan, driver: DriverName) -> None:
        self.instance = event.instance
        self.container = event.container
        self.region = event.region
        self.driver = driver
        self.start_s = event.time_s
        self.phases: list[Phase] = []
        self.current: PhaseProgress | None = None
        self.detail = ""
        self.waiting = 0

    def begin(self, event: PhaseBegan) -> None:
        self.detail = event.detail
        if self.current is not None and self.current.name == event.phase:
            return
        if self.current is not None:
            added = self.current.name == "delay"
            kind: Kind = "emulated" if added or self.driver == "simulated" else "measured"
            began_ms = _ms_between(self.start_s, self.current.start_s)
            lasted_ms = _ms_between(self.current.start_s, event.time_s)
            self.phases.append(Phase(self.current.name, began_ms, lasted_ms, kind))
        self.current = PhaseProgress(event.phase, event.time_s)

    def row(self, now_s: float) -> ColdStartRow:
        return ColdStartRow(
            instance=self.instance,
            container=self.container,
            region=self.region,
            driver=self.driver,
            start_s=self.start_s,
            total_ms=_ms_between(self.start_s, now_s),
            phases=tuple(self.phases),
            waited=self.waiting,
            outcome="starting",
            reason="",
            current=self.current,
            detail=self.detail,
        )


class ColdStartsFold:
    """The cold starts: those under way by instance, a ring of ended ones, and totals for the run."""

    def __init__(self) -> None:
        self.dropped = 0
        self._under_way: dict[str, _UnderWay] = {}
        self._ended: deque[ColdStart] = deque(maxlen=RECENT_COLD_STARTS)
        self._drivers: dict[str, DriverName] = {}
        self._succeeded_ms: deque[float] = deque(maxlen=TOTALS_SAMPLE)
        self._count = 0
        self._failed = 0
        self._worst_ms = 0.0
        self._waited = 0

    def changed(self, event: InstanceChanged) -> None:
        """Begin a start where an instance is placed; end it where the instance has ended."""
        self._drivers[event.region] = event.driver
        if event.state == "placed":
            self._under_way[event.instance] = _UnderWay(event, event.driver)
        elif event.state in ENDED_STATES:
            self._under_way.pop(event.instance, None)

    def phase(self, event: PhaseBegan) -> None:
        """Let the phase before end where this one begins."""
        start = self._under_way.get(event.instance)
        if start is None:
            start = _UnderWay(event, self._drivers.get(event.region, "docker"))
            self._under_way[event.instance] = start
        start.begin(event)

    def waiting(self, event: ColdStartWaiting) -> None:
        """Note how many requests wait for the start."""
        start = self._under_way.get(event.instance)
        if start is not None:
            start.waiting = event.waiting

    def ended(self, event: ColdStart) -> None:
        """Take in a cold start with all its phases."""
        self._under_way.pop(event.instance, None)
        self.dropped += len(self._ended) == RECENT_COLD_STARTS
        self._ended.append(event)
        self._waited += event.waited
        if event.outcome == "ready":
            self._count += 1
            self._worst_ms = max(self._worst_ms, event.total_ms)
            self._succeeded_ms.append(event.total_ms)
        else:
            self._failed += 1

    def rows(self, now_s: float) -> tuple[ColdStartRow, ...]:
        """Return the ended cold starts, newest last, then those under way by the time of their start."""
        under_way = sorted(self._under_way.values(), key=lambda one: (one.start_s, one.instance))
        return (*(_ended_row(one) for one in self._ended), *(one.row(now_s) for one in under_way))

    def totals(self) -> ColdStartTotals:
        """Return counts and percentiles of all cold starts that succeeded."""
        p50_ms, p95_ms = ranked(sorted(self._succeeded_ms), (0.5, 0.95))
        return ColdStartTotals(
            count=self._count,
            failed=self._failed,
            p50_ms=p50_ms,
            p95_ms=p95_ms,
            worst_ms=self._worst_ms,
            waited_total=self._waited,
        )


def _ms_between(from_s: float, to_s: float) -> float:
    return round(max(to_s - from_s, 0.0) * 1000, 3)


def _ended_row(event: ColdStart) -> ColdStartRow:
    return ColdStartRow(
        instance=event.instance,
        container=event.container,
        region=event.region,
        driver=event.driver,
        start_s=event.start_s,
        total_ms=event.total_ms,
        phases=event.phases,
        waited=event.waited,
        outcome=event.outcome,
        reason=event.reason,
        policy=event.policy,
    )
