"""What the supervisor tells the world: the states of isolates and their samples, as events."""

from core.events.bus import EventBus
from core.events.types import IsolateSample, IsolateState, WorkerChanged

_DIGITS = 3


class Published:
    """Publishes the events of one Worker's isolates."""

    def __init__(self, bus: EventBus, worker: str, runtime: str) -> None:
        self._bus = bus
        self._worker = worker
        self._runtime = runtime

    def changed(
        self, isolate: int, version: int, state: IsolateState, message: str = "", start_ms: float = 0.0
    ) -> None:
        """Say that an isolate changed state, and why."""
        self._bus.publish(
            WorkerChanged(
                time_s=self._bus.now_s(),
                worker=self._worker,
                runtime=self._runtime,
                isolate=isolate,
                version=version,
                state=state,
                message=message,
                start_ms=round(start_ms, _DIGITS),
            )
        )

    def sample(
        self,
        isolate: int,
        *,
        memory_mib: float,
        resident_mib: float,
        heap_mib: float,
        memory_limit_mib: float,
        cpu_percent: float,
        in_flight: int,
    ) -> None:
        """Say what an isolate uses."""
        self._bus.publish(
            IsolateSample(
                time_s=self._bus.now_s(),
                worker=self._worker,
                isolate=isolate,
                memory_mib=round(memory_mib, _DIGITS),
                resident_mib=round(resident_mib, _DIGITS),
                heap_mib=round(heap_mib, _DIGITS),
                memory_limit_mib=memory_limit_mib,
                cpu_percent=round(cpu_percent, _DIGITS),
                in_flight=in_flight,
            )
        )
