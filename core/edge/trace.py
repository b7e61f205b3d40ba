"""The trace of one request: its hops as they begin and end, and how its time divides among them."""

from collections.abc import Iterable

from core.events.types import Hop, HopName, Kind

MS_DIGITS = 3
"""Milliseconds are rounded to microseconds, like the times of events."""


class Span:
    """A hop that is under way or ended."""

    __slots__ = ("detail", "end_ms", "kind", "name", "start_ms", "sub_request")

    def __init__(self, name: HopName, start_ms: float, kind: Kind, detail: str, sub_request: int) -> None:
        self.name = name
        self.start_ms = start_ms
        self.end_ms: float | None = None
        self.kind = kind
        self.detail = detail
        self.sub_request = sub_request


class TraceBuilder:
    """Collects the hops of one request. Times are milliseconds from its arrival at the edge.

    Hops may overlap, since a Worker may call several bindings at once.
    """

    __slots__ = ("_spans",)

    def __init__(self) -> None:
        self._spans: list[Span] = []

    def begin(
        self, name: HopName, start_ms: float, kind: Kind, detail: str = "", sub_request: int = 0
    ) -> Span:
        """Note that a hop begins, and return what ``end`` takes."""
        span = Span(name, start_ms, kind, detail, sub_request)
        self._spans.append(span)
        return span

    def end(self, span: Span, end_ms: float) -> None:
        """Note that a hop has ended; its first end counts."""
        if span.end_ms is None:
            span.end_ms = end_ms

    def add(
        self,
        name: HopName,
        start_ms: float,
        end_ms: float,
        kind: Kind,
        detail: str = "",
        sub_request: int = 0,
    ) -> None:
        """Note a hop that is over."""
        self.begin(name, start_ms, kind, detail, sub_request).end_ms = end_ms

    def build(self, duration_ms: float) -> tuple[Hop, ...]:
        """Return all hops by start, those still under way ended with the request.

        A hop that has begun lies inside the request, from 0 to ``duration_ms``; only the visitor's
        own way to the edge comes before 0.
        """
        hops = [_hop(span, duration_ms) for span in self._spans]
        hops.sort(key=_start_ms)
        return tuple(hops)


def emulated_ms(trace: Iterable[Hop]) -> float:
    """Return how much of a request's time was added on purpose: what its emulated hops cover together."""
    return _covered_ms(hop for hop in trace if hop.kind == "emulated")


def measured_ms(trace: Iterable[Hop], duration_ms: float) -> float:
    """Return how much of a request's time was real work; with ``emulated_ms`` it makes ``duration_ms``."""
    return duration_ms - emulated_ms(trace)


def cold_wait_ms(trace: Iterable[Hop]) -> float:
    """Return how long a request waited for instances to start; waits at the same time count once."""
    return round(_covered_ms(hop for hop in trace if hop.name == "cold_start_wait"), MS_DIGITS)


def _covered_ms(hops: Iterable[Hop]) -> float:
    covered_ms = until_ms = 0.0
    for hop in sorted(hops, key=_start_ms):
        end_ms = hop.start_ms + hop.duration_ms
        if end_ms > until_ms:
            covered_ms += end_ms - max(hop.start_ms, until_ms)
            until_ms = end_ms
    return covered_ms


def _start_ms(hop: Hop) -> float:
    return hop.start_ms


def _hop(span: Span, duration_ms: float) -> Hop:
    start_ms, end_ms = span.start_ms, span.end_ms
    if end_ms is None or end_ms > duration_ms:
        end_ms = duration_ms
    if start_ms > end_ms:
        start_ms = end_ms
    start_ms = round(start_ms, MS_DIGITS)
    length_ms = round(end_ms - start_ms, MS_DIGITS)
    return Hop(span.name, start_ms, max(length_ms, 0.0), span.kind, span.detail, span.sub_request)
