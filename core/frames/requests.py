"""Keeps the last finished requests with their traces."""

from collections import deque

from core.events.types import RequestFinished
from core.frames.frame import RECENT_REQUESTS, RequestRow


class RequestsFold:
    """A ring of requests; rows are made when a frame asks for them, and once only."""

    def __init__(self) -> None:
        self.dropped = 0
        self._recent: deque[RequestFinished] = deque(maxlen=RECENT_REQUESTS)
        self._rows: tuple[RequestRow, ...] | None = ()

    def request(self, event: RequestFinished) -> None:
        """Keep one request, dropping the oldest when the ring is full."""
        self.dropped += len(self._recent) == RECENT_REQUESTS
        self._recent.append(event)
        self._rows = None

    def rows(self) -> tuple[RequestRow, ...]:
        """Return the requests, newest last."""
        if self._rows is None:
            self._rows = tuple(_row(event) for event in self._recent)
        return self._rows


def _row(event: RequestFinished) -> RequestRow:
    return RequestRow(
        trace_id=event.trace_id,
        time_s=event.time_s,
        method=event.method,
        path=event.path,
        status=event.status,
        outcome=event.outcome,
        city=event.city,
        edge_location=event.edge_location,
        region=event.region,
        instance=event.instance,
        duration_ms=event.duration_ms,
        visitor_rtt_ms=event.visitor_rtt_ms,
        region_rtt_ms=event.region_rtt_ms,
        cold_wait_ms=event.cold_wait_ms,
        worker_cpu_ms=event.worker_cpu_ms,
        worker_cpu_kind=event.worker_cpu_kind,
        isolate=event.isolate,
        error=event.error,
        error_code=event.error_code,
        trace=event.trace,
    )
