"""Builds event streams that look like a real deployment's: the same every time, in order of time."""

from typing import Literal

from core.events.types import (
    AnyEvent,
    ContainerInfo,
    EngineStarted,
    Hop,
    InstanceSample,
    Notice,
    Outcome,
    RegionChanged,
    RequestFinished,
)
from tests.stream_places import APP, MEMORY_LIMITS_MIB, REGIONS, RENDER, Visitor
from tests.stream_starts import StartStream


class StreamBuilder(StartStream):
    """Collect events at any time; ``events`` gives them in order."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._requests = 0

    def events(self) -> list[AnyEvent]:
        """Return all events in order of time; those of one moment in the order of their adding."""
        return sorted(self.collected, key=lambda event: event.time_s)

    def engine(
        self, containers: tuple[ContainerInfo, ...] = (APP, RENDER), *, runtime: str = "python"
    ) -> None:
        """Start the engine, its regions, and isolate 1 of its Worker."""
        self._runtime = runtime
        self.add(
            EngineStarted(
                time_s=0.004,
                deployment="shop",
                profile="ga",
                version="0.1.0",
                seed=7,
                wall_time="2026-01-01T00:00:00Z",
                url="http://127.0.0.1:8787",
                regions=REGIONS,
                containers=containers,
                latency_scale=1.0,
            )
        )
        for number, region in enumerate(REGIONS):
            self.add(
                RegionChanged(
                    time_s=0.01 + number / 1000, region=region.id, driver=region.driver, state="ready"
                )
            )
        self.start_isolate(0.006, 1, start_ms=54.6)

    def samples(
        self,
        name: str,
        region: str,
        from_s: float,
        to_s: float,
        memory_mib: tuple[float, float],
        cpu_percent: float,
    ) -> None:
        """Sample an instance once a second while its memory goes from the first figure to the second."""
        container = name.rpartition("-")[0]
        count = int(to_s - from_s)
        cpu_total_s = 0.4
        for number in range(count):
            share = number / max(count - 1, 1)
            memory = memory_mib[0] + (memory_mib[1] - memory_mib[0]) * share + self.random.uniform(-2, 2)
            cpu = max(cpu_percent * self.random.uniform(0.7, 1.3), 0.0)
            cpu_total_s += cpu / 100
            self.add(
                InstanceSample(
                    time_s=round(from_s + number + 0.5, 6),
                    instance=name,
                    container=container,
                    region=region,
                    kind="measured",
                    memory_mib=round(memory, 2),
                    app_memory_mib=round(memory * 0.82, 2),
                    memory_limit_mib=MEMORY_LIMITS_MIB[container],
                    cpu_percent=round(cpu, 1),
                    cpu_total_s=round(cpu_total_s, 3),
                )
            )

    def edge_request(self, time_s: float, visitor: Visitor, path: str) -> None:
        """Let the Worker answer a request by itself."""
        cpu_ms = round(self.random.uniform(0.3, 1.4), 3)
        worker_ms = round(cpu_ms + self.random.uniform(0.1, 0.6), 3)
        duration_ms = round(worker_ms + 0.35, 3)
        trace = (*self._front(visitor, duration_ms), Hop("worker", 0.2, worker_ms, "measured", "shop"))
        self._finish(time_s, visitor, "GET", path, 200, "edge", duration_ms, trace, cpu_ms=cpu_ms)

    def failed_request(
        self, time_s: float, visitor: Visitor, path: str, code: Literal[1101, 1102], error: str
    ) -> None:
        """Let the Worker fail at a request: an exception (1101), or a limit (1102)."""
        cpu_ms = 0.8 if code == 1101 else 0.0
        duration_ms = 2.4 if code == 1101 else 1204.6
        trace = (
            *self._front(visitor, duration_ms),
            Hop("worker", 0.2, duration_ms - 0.3, "measured", "shop"),
        )
        status = 500 if code == 1101 else 503
        self._finish(
            time_s,
            visitor,
            "GET",
            path,
            status,
            "error",
            duration_ms,
            trace,
            cpu_ms=cpu_ms,
            error=error,
            error_code=code,
        )

    def container_request(
        self,
        time_s: float,
        visitor: Visitor,
        path: str,
        instance: str,
        region: str,
        *,
        method: str = "GET",
        status: int = 200,
        cold_wait_ms: float = 0.0,
        error: str = "",
        outcome: Outcome = "container",
    ) -> None:
        """Let an instance answer a request, after a cold start when ``cold_wait_ms`` says so."""
        cpu_ms = round(self.random.uniform(0.4, 1.8), 3)
        rtt_ms = visitor.region_rtt_ms[region]
        served_ms = round(self.random.lognormvariate(2.4, 0.5), 3)
        hops = [Hop("edge_to_region", 0.7, rtt_ms, "emulated", region, 1)]
        at_ms = 0.7 + rtt_ms
        if cold_wait_ms:
            hops.append(Hop("cold_start_wait", round(at_ms, 3), cold_wait_ms, "measured", instance, 1))
            at_ms += cold_wait_ms
        hops.append(Hop("container", round(at_ms, 3), served_ms, "measured", instance, 1))
        worker_ms = round(at_ms + served_ms + 0.1, 3)
        duration_ms = round(worker_ms + 0.4, 3)
        trace = (*self._front(visitor, duration_ms), Hop("worker", 0.2, worker_ms, "measured", "shop"), *hops)
        self._finish(
            time_s,
            visitor,
            method,
            path,
            status,
            outcome,
            duration_ms,
            trace,
            cpu_ms=cpu_ms,
            region=region,
            instance=instance,
            rtt_ms=rtt_ms,
            cold_wait_ms=cold_wait_ms,
            error=error,
        )

    def _front(self, visitor: Visitor, duration_ms: float) -> tuple[Hop, Hop]:
        return (
            Hop("visitor_to_edge", -visitor.rtt_ms, visitor.rtt_ms, "emulated", visitor.city),
            Hop("edge", 0.0, duration_ms, "measured", visitor.location),
        )

    def _finish(
        self,
        time_s: float,
        visitor: Visitor,
        method: str,
        path: str,
        status: int,
        outcome: Outcome,
        duration_ms: float,
        trace: tuple[Hop, ...],
        *,
        cpu_ms: float,
        region: str = "",
        instance: str = "",
        rtt_ms: float = 0.0,
        cold_wait_ms: float = 0.0,
        error: str = "",
        error_code: int = 0,
    ) -> None:
        self._requests += 1
        isolates = [isolates for since_s, isolates in self._answering if since_s <= time_s][-1]
        self.add(
            RequestFinished(
                time_s=round(time_s, 6),
                trace_id=f"{self._requests:016x}",
                method=method,
                path=path,
                status=status,
                outcome=outcome,
                city=visitor.city,
                edge_location=visitor.location,
                region=region,
                instance=instance,
                start_s=round(time_s - duration_ms / 1000, 6),
                duration_ms=duration_ms,
                visitor_rtt_ms=visitor.rtt_ms,
                region_rtt_ms=rtt_ms,
                cold_wait_ms=cold_wait_ms,
                worker_cpu_ms=cpu_ms,
                worker_cpu_kind="estimated" if len(isolates) > 1 and self._requests % 4 == 0 else "measured",
                isolate=0 if error_code == 1102 else isolates[self._requests % len(isolates)],
                request_bytes=412 if method == "POST" else 0,
                response_bytes=16 if error_code else self.random.randrange(800, 24_000),
                sub_requests=1 if instance else 0,
                error=error,
                error_code=error_code,
                trace=trace,
            )
        )

    def notice(
        self,
        time_s: float,
        level: Literal["info", "warning", "error"],
        subject: str,
        message: str,
        advice: str = "",
    ) -> None:
        """Tell a person something."""
        self.add(Notice(time_s=time_s, level=level, subject=subject, message=message, advice=advice))
