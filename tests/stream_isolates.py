"""The part of an example stream that tells of the Worker's isolates."""

import random

from core.events.types import AnyEvent, IsolateSample, IsolateState, WorkerChanged

ISOLATE_LIMIT_MIB = 128.0
ISOLATE_OWN_MIB = 54.0
"""What an isolate's process took when it became ready; the limit is held against what comes on top."""


class IsolateStream:
    """Collect events of isolates; which one answers a request is told here too."""

    def __init__(self, seed: int) -> None:
        self.collected: list[AnyEvent] = []
        self._isolate_random = random.Random(seed)
        self._answering: list[tuple[float, tuple[int, ...]]] = [(0.0, (1,))]
        self._runtime = "python"

    def add(self, event: AnyEvent) -> None:
        """Add one event."""
        self.collected.append(event)

    def isolate(
        self,
        time_s: float,
        number: int,
        state: IsolateState,
        message: str = "",
        *,
        version: int = 1,
        start_ms: float = 0.0,
    ) -> None:
        """Move an isolate of the Worker to a state."""
        self.add(
            WorkerChanged(
                time_s=round(time_s, 6),
                worker="shop",
                runtime=self._runtime,
                isolate=number,
                version=version,
                state=state,
                message=message,
                start_ms=start_ms,
            )
        )

    def start_isolate(self, time_s: float, number: int, version: int = 1, start_ms: float = 46.2) -> None:
        """Start an isolate; it is ready after ``start_ms``."""
        self.isolate(time_s, number, "starting", version=version)
        self.isolate(time_s + start_ms / 1000, number, "ready", version=version, start_ms=start_ms)

    def answering(self, since_s: float, *isolates: int) -> None:
        """Let these isolates answer in turn the requests that end from ``since_s`` on."""
        self._answering.append((since_s, isolates))

    def isolate_samples(
        self,
        number: int,
        from_s: float,
        to_s: float,
        memory_mib: tuple[float, float],
        cpu_percent: float,
        in_flight: int = 1,
    ) -> None:
        """Sample an isolate once a second while its memory goes from the first figure to the second."""
        count = int(to_s - from_s)
        for second in range(count):
            share = second / max(count - 1, 1)
            wave = self._isolate_random.uniform(-2, 2)
            memory = max(memory_mib[0] + (memory_mib[1] - memory_mib[0]) * share + wave, 0.0)
            self.add(
                IsolateSample(
                    time_s=round(from_s + second + 0.5, 6),
                    worker="shop",
                    isolate=number,
                    memory_mib=round(memory, 2),
                    resident_mib=round(memory + ISOLATE_OWN_MIB, 2),
                    heap_mib=round(memory * 0.4, 2),
                    memory_limit_mib=ISOLATE_LIMIT_MIB,
                    cpu_percent=round(cpu_percent * self._isolate_random.uniform(0.7, 1.3), 1),
                    in_flight=in_flight,
                )
            )
