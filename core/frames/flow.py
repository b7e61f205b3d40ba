"""Folds finished requests into the flow through the edge, the Worker and the containers."""

from core.events.types import Hop, RequestFinished
from core.frames.frame import HISTORY_SAMPLES, EdgeLocationRow, FlowTotals
from core.frames.window import Sampled, SecondRing, percentiles, window_length_s
from core.geo.edge_locations import by_code


def is_error(event: RequestFinished) -> bool:
    """Say whether the visitor got an error that is not their own."""
    return event.outcome == "error" or event.status >= 500


def worker_own_ms(trace: tuple[Hop, ...]) -> float | None:
    """Return the Worker's own time: its hop without the time covered by its sub-requests' hops."""
    worker: Hop | None = None
    covered_ms = 0.0
    until_ms = 0.0
    for hop in trace:
        if hop.sub_request:
            end_ms = hop.start_ms + hop.duration_ms
            if end_ms > until_ms:
                covered_ms += end_ms - max(hop.start_ms, until_ms)
                until_ms = end_ms
        elif hop.name == "worker":
            worker = hop
    return None if worker is None else max(worker.duration_ms - covered_ms, 0.0)


class _FlowSecond:
    """What happened within one second."""

    __slots__ = (
        "cities",
        "cold",
        "containers",
        "cpu_ms",
        "durations",
        "edges",
        "errors",
        "locations",
        "shared_cpu",
        "workers",
    )

    def __init__(self) -> None:
        self.errors = 0
        self.edges = 0
        self.containers = 0
        self.cold = 0
        self.cpu_ms = 0.0
        self.shared_cpu = False
        self.durations = Sampled()
        self.workers = Sampled()
        self.locations: dict[str, int] = {}
        self.cities: dict[str, str] = {}


class FlowFold:
    """The flow of requests: totals for the run, rates and percentiles over the window."""

    def __init__(self) -> None:
        self._ring = SecondRing(_FlowSecond)
        self._history = SecondRing(lambda: [0], HISTORY_SAMPLES + 1)
        self._requests = 0
        self._errors = 0

    def request(self, event: RequestFinished) -> None:
        """Count one request."""
        failed = is_error(event)
        self._requests += 1
        self._errors += failed
        counter = self._history.at(event.time_s)
        if counter is not None:
            counter[0] += 1
        second = self._ring.at(event.time_s)
        if second is not None:
            self._count(second, event, failed)

    def totals(self, now_s: float, since_s: float) -> FlowTotals:
        """Return the flow at ``now_s`` of a run that began at ``since_s``."""
        seconds = self._ring.window(now_s)
        length_s = window_length_s(now_s, since_s)
        count = sum(one.durations.count for one in seconds)
        p50_ms, p95_ms = percentiles((one.durations for one in seconds), (0.5, 0.95))
        return FlowTotals(
            requests_per_second=_rate(count, length_s),
            errors_per_second=_rate(sum(one.errors for one in seconds), length_s),
            p50_ms=p50_ms,
            p95_ms=p95_ms,
            worker_p50_ms=round(percentiles((one.workers for one in seconds), (0.5,))[0], 3),
            worker_cpu_mean_ms=round(sum(one.cpu_ms for one in seconds) / max(count, 1), 3),
            edge_answers_per_second=_rate(sum(one.edges for one in seconds), length_s),
            container_answers_per_second=_rate(sum(one.containers for one in seconds), length_s),
            cold_waits_per_second=_rate(sum(one.cold for one in seconds), length_s),
            requests_total=self._requests,
            errors_total=self._errors,
            rate_history=self._rate_history(now_s, since_s),
            edge_locations=_locations(seconds, length_s),
            worker_cpu_kind="estimated" if any(one.shared_cpu for one in seconds) else "measured",
        )

    def _count(self, second: _FlowSecond, event: RequestFinished, failed: bool) -> None:
        second.errors += failed
        second.edges += event.outcome == "edge"
        second.containers += event.outcome == "container"
        second.cold += event.cold_wait_ms > 0
        second.cpu_ms += event.worker_cpu_ms
        if event.worker_cpu_kind == "estimated" and event.worker_cpu_ms:
            second.shared_cpu = True
        second.durations.add(event.duration_ms)
        own_ms = worker_own_ms(event.trace)
        if own_ms is not None:
            second.workers.add(own_ms)
        code = event.edge_location
        if code in second.locations:
            second.locations[code] += 1
        else:
            second.locations[code] = 1
            second.cities[code] = event.city

    def _rate_history(self, now_s: float, since_s: float) -> tuple[float, ...]:
        last = int(now_s)
        counters = (self._history.get(one) for one in range(max(last - HISTORY_SAMPLES, int(since_s)), last))
        return tuple(float(counter[0]) if counter else 0.0 for counter in counters)


def _rate(count: int, length_s: float) -> float:
    return round(count / length_s, 3)


def _locations(seconds: list[_FlowSecond], length_s: float) -> tuple[EdgeLocationRow, ...]:
    counts: dict[str, int] = {}
    visitor_cities: dict[str, str] = {}
    for second in seconds:
        visitor_cities.update(second.cities)
        for code, count in second.locations.items():
            counts[code] = counts.get(code, 0) + count
    ordered = sorted(counts, key=lambda code: (-counts[code], code))
    return tuple(
        EdgeLocationRow(code, _city_of(code) or visitor_cities[code], _rate(counts[code], length_s))
        for code in ordered
    )


def _city_of(code: str) -> str:
    location = by_code(code)
    return location.city if location else ""
