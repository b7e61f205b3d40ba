"""Folds the isolates of each Worker, and the Worker's failures, into its row."""

from collections import deque

from core.events.types import IsolateSample, IsolateState, RequestFinished, WorkerChanged
from core.frames.frame import HISTORY_SAMPLES, IsolateRow, WorkerFailureRow, WorkerRow

ENDED_ROWS = 6
"""Rows of ended isolates kept for a Worker; the one that ended first goes first."""
STOPPED_SHOWN_S = 30.0
"""Seconds that the row of an isolate is shown that ended as it should."""
FAILED_SHOWN_S = 600.0
"""Seconds that the row of a failed isolate is shown."""
MOST_ISOLATES = 64
"""Rows kept at most for a Worker, should a stream never say that isolates end; the oldest goes first."""
SAMPLE_HOLDS_S = 10.0
"""Seconds after which CPU use and requests in flight are too old to be shown."""
PLATFORM_ERRORS = (1101, 1102)
_ENDED_STATES = frozenset({"failed", "stopped"})
_SERVING_STATES = frozenset({"ready", "stalled"})
_BEST_FIRST: tuple[IsolateState, ...] = ("ready", "stalled", "starting", "draining")


class _Isolate:
    """All that is known of one isolate."""

    def __init__(self, event: WorkerChanged) -> None:
        self.changed = event
        self.start_ms = 0.0
        self.requests = 0
        self.sample: IsolateSample | None = None
        self.history: deque[float] = deque(maxlen=HISTORY_SAMPLES)

    @property
    def ended(self) -> bool:
        return self.changed.state in _ENDED_STATES

    def change(self, event: WorkerChanged) -> None:
        self.changed = event
        self.start_ms = event.start_ms or self.start_ms

    def shown(self, now_s: float) -> bool:
        changed = self.changed
        shown_s = FAILED_SHOWN_S if changed.state == "failed" else STOPPED_SHOWN_S
        return not self.ended or now_s - changed.time_s <= shown_s

    def row(self, now_s: float) -> IsolateRow:
        changed, sample = self.changed, self.sample
        fresh = sample is not None and not self.ended and now_s - sample.time_s < SAMPLE_HOLDS_S
        return IsolateRow(
            isolate=changed.isolate,
            version=changed.version,
            state=changed.state,
            message=changed.message,
            since_s=changed.time_s,
            start_ms=self.start_ms,
            requests=self.requests,
            memory_mib=sample.memory_mib if sample else 0.0,
            resident_mib=sample.resident_mib if sample else 0.0,
            heap_mib=sample.heap_mib if sample else 0.0,
            memory_limit_mib=sample.memory_limit_mib if sample else 0.0,
            cpu_percent=sample.cpu_percent if sample and fresh else 0.0,
            in_flight=sample.in_flight if sample and fresh else 0,
            memory_history_mib=tuple(self.history),
        )


class _Worker:
    """One Worker: its isolates by number, and what became of them over the run."""

    def __init__(self) -> None:
        self.isolates: dict[int, _Isolate] = {}
        self.latest: WorkerChanged | None = None
        self.start_ms = 0.0
        self.version = 0
        self.reloads = 0
        self.reloaded_s = 0.0
        self.loaded_s = 0.0
        self.restarts = 0

    def change(self, event: WorkerChanged) -> None:
        known = self.isolates.get(event.isolate)
        if known is None:
            self.isolates[event.isolate] = known = _Isolate(event)
        if event.state == "failed" and known.changed.state in _SERVING_STATES:
            self.restarts += 1
        known.change(event)
        self.latest = event
        self.start_ms = event.start_ms or self.start_ms
        if event.state == "ready" and event.version > self.version:
            self._loaded(event)
        self._forget()

    def _loaded(self, event: WorkerChanged) -> None:
        if self.version:
            self.reloads += 1
            self.reloaded_s = event.time_s
        self.version, self.loaded_s = event.version, event.time_s

    def _forget(self) -> None:
        ended = [one.changed for one in self.isolates.values() if one.ended]
        if len(ended) > ENDED_ROWS:
            del self.isolates[min(ended, key=lambda one: (one.time_s, one.isolate)).isolate]
        if len(self.isolates) > MOST_ISOLATES:
            del self.isolates[min(self.isolates)]

    def state(self) -> tuple[IsolateState, str]:
        """Return the state of the Worker as a whole, and why: the best of any isolate's."""
        states = {one.changed.state: one.changed.message for one in self.isolates.values()}
        for state in _BEST_FIRST:
            if state in states:
                return state, states[state]
        assert self.latest is not None
        return self.latest.state, self.latest.message


class WorkersFold:
    """The Workers by name, in the order in which they first started."""

    def __init__(self) -> None:
        self._workers: dict[str, _Worker] = {}
        self._failures: dict[int, WorkerFailureRow] = {}

    def changed(self, event: WorkerChanged) -> None:
        """Move an isolate to another state."""
        self._workers.setdefault(event.worker, _Worker()).change(event)

    def sample(self, event: IsolateSample) -> None:
        """Take in memory and CPU of an isolate."""
        worker = self._workers.get(event.worker)
        known = worker.isolates.get(event.isolate) if worker else None
        if known is not None and not known.ended:
            known.sample = event
            known.history.append(event.memory_mib)

    def request(self, event: RequestFinished) -> None:
        """Count a request for the isolate that answered it, and keep the last failure of each kind."""
        for worker in self._workers.values():
            known = worker.isolates.get(event.isolate)
            if known is not None:
                known.requests += 1
        if event.error_code in PLATFORM_ERRORS:
            before = self._failures.get(event.error_code)
            self._failures[event.error_code] = WorkerFailureRow(
                code=event.error_code,
                count=before.count + 1 if before else 1,
                time_s=event.time_s,
                method=event.method,
                path=event.path,
                isolate=event.isolate,
                message=event.error,
                trace_id=event.trace_id,
            )

    def rows(self, now_s: float) -> tuple[WorkerRow, ...]:
        """Return one row a Worker; failures are in the row of the first."""
        failures = tuple(self._failures[code] for code in sorted(self._failures))
        return tuple(
            self._row(name, worker, now_s, () if number else failures)
            for number, (name, worker) in enumerate(self._workers.items())
        )

    def _row(
        self, name: str, worker: _Worker, now_s: float, failures: tuple[WorkerFailureRow, ...]
    ) -> WorkerRow:
        state, message = worker.state()
        isolates = sorted(worker.isolates.items(), reverse=True)
        assert worker.latest is not None
        return WorkerRow(
            worker=name,
            runtime=worker.latest.runtime,
            state=state,
            message=message,
            start_ms=worker.start_ms,
            version=worker.version,
            isolates=tuple(one.row(now_s) for _, one in isolates if one.shown(now_s)),
            restarts=worker.restarts,
            reloads=worker.reloads,
            reloaded_s=worker.reloaded_s,
            loaded_s=worker.loaded_s,
            failures=failures,
        )
