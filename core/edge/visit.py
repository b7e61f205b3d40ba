"""One request on its way through the edge: what is known of it so far, and the event it ends in."""

import asyncio

from core.edge.fields import EdgeFields
from core.edge.trace import MS_DIGITS, TraceBuilder, cold_wait_ms
from core.edge.visitor import Visitor
from core.events.bus import TIME_DIGITS
from core.events.types import Outcome, RequestFinished
from core.worker.runtime import CpuTime

CLIENT_CLOSED_REQUEST = 499
"""The status of a request whose visitor left before its end; nobody receives it."""


class Visit:
    """A request under way. Ends once, and then takes nothing more."""

    __slots__ = (
        "broken",
        "container_reached",
        "duration_ms",
        "error",
        "error_code",
        "expected_bytes",
        "fields",
        "instance",
        "isolate",
        "latency_scale",
        "left",
        "method",
        "path",
        "region",
        "region_rtt_ms",
        "request_bytes",
        "response_bytes",
        "start_s",
        "status",
        "sub_requests",
        "too_long",
        "trace",
        "trace_id",
        "visitor",
    )

    def __init__(self, trace_id: str, method: str, path: str, visitor: Visitor, start_s: float) -> None:
        self.trace_id = trace_id
        self.method = method
        self.path = path
        self.visitor = visitor
        self.start_s = start_s
        self.fields = EdgeFields(trace_id, visitor)
        self.trace = TraceBuilder()
        self.status = 0
        self.region = self.instance = self.error = ""
        self.region_rtt_ms = 0.0
        self.latency_scale = 1.0
        """The factor on its emulated round trips, from its arrival to its end."""
        self.request_bytes = self.response_bytes = self.sub_requests = 0
        self.isolate = self.error_code = 0
        self.expected_bytes: int | None = None
        """The length that the answer's headers give its body, where they do."""
        self.container_reached = self.left = self.broken = False
        self.too_long = ""
        """How the request breaks a limit; empty when it does not."""
        self.duration_ms: float | None = None
        """From arrival to the last byte; None while it is under way."""

    def elapsed_ms(self, now_s: float) -> float:
        """Return the time since arrival in milliseconds."""
        return (now_s - self.start_s) * 1000

    def count_request_bytes(self, number: int) -> None:
        """Add to the bytes of the request's body."""
        self.request_bytes += number

    def count_response_bytes(self, number: int) -> None:
        """Add to the bytes of the response's body."""
        self.response_bytes += number

    def note_leaving(self) -> None:
        """Note that the visitor has gone; one that has received the whole answer has not left it."""
        self.left = self.left or self.expected_bytes is None or self.response_bytes < self.expected_bytes

    def note_failure(self, error: BaseException) -> None:
        """Note what ended the request before its time: its visitor, or something that broke."""
        if self.left or isinstance(error, asyncio.CancelledError):
            self.note_leaving()
        else:
            self.broken = True
            self.error = self.error or f"{type(error).__name__}: {error}"

    def end(self, now_s: float) -> bool:
        """Note the end; False when the visit had ended before."""
        if self.duration_ms is not None:
            return False
        self.duration_ms = self.elapsed_ms(now_s)
        return True

    def outcome(self) -> Outcome:
        """Return how the request ended: an answer with a status from 500 is an error, whoever gave it."""
        if self.left:
            return "canceled"
        if self.broken or self.status >= 500:
            return "error"
        return "container" if self.container_reached else "edge"

    def as_event(self, time_s: float, cpu: CpuTime) -> RequestFinished:
        """Return the event of an ended visit; it is complete at ``time_s``."""
        assert self.duration_ms is not None
        visitor, duration_ms = self.visitor, round(self.duration_ms, MS_DIGITS)
        trace = self.trace.build(duration_ms)
        return RequestFinished(
            time_s=time_s,
            trace_id=self.trace_id,
            method=self.method,
            path=self.path,
            status=CLIENT_CLOSED_REQUEST if self.left else self.status,
            outcome=self.outcome(),
            city=visitor.city,
            edge_location=visitor.location.code,
            region=self.region,
            instance=self.instance,
            start_s=round(self.start_s, TIME_DIGITS),
            duration_ms=duration_ms,
            visitor_rtt_ms=visitor.rtt_ms,
            region_rtt_ms=self.region_rtt_ms,
            cold_wait_ms=cold_wait_ms(trace),
            worker_cpu_ms=round(cpu.ms, MS_DIGITS),
            worker_cpu_kind=cpu.kind,
            isolate=self.isolate,
            request_bytes=self.request_bytes,
            response_bytes=self.response_bytes,
            sub_requests=self.sub_requests,
            error=self.error,
            error_code=self.error_code,
            trace=trace,
        )
