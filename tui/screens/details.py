"""The pages behind rows: one request with all hops, one instance, one cold start, the notices."""

from collections.abc import Sequence
from typing import NamedTuple

from core.events.types import Hop
from core.frames.frame import ColdStartRow, Frame, InstanceRow, RequestRow
from tui.panes import graphs, pulls
from tui.panes.cold_starts import reason_style, start_key
from tui.panes.decisions import decision_rows, find_decision
from tui.panes.isolates import find_isolate
from tui.panes.regions import memory_style
from tui.panes.requests import status_style
from tui.panes.rows import Row, Segment, blank, clean, left, right, row
from tui.panes.states import PHASE_WORDS, instance_sign, phase_stretch, state_words
from tui.panes.waterfall import (
    GLYPHS,
    HOP_DEPTH,
    KIND_WORDS,
    figures,
    hop_kind,
    own_times_ms,
    timeline,
    totals,
)
from tui.screens.isolate import isolate_rows
from tui.screens.operate import instance_of
from tui.screens.sheet import Sheet
from tui.units import disk_size, duration_ms, duration_s, mebibytes, milliseconds, per_second
from tui.wrap import wrapped

_LABEL = 16
_HOP = 20
_FIGURE = 10
_HOP_WORDS = {
    "visitor_to_edge": "visitor ↔ edge",
    "edge": "edge",
    "worker": "  Worker",
    "edge_to_region": "    edge ↔ region",
    "cold_start_wait": "    cold start",
    "container": "    container",
    "outbound": "    outbound fetch",
}
_ERROR_WORDS = {1101: "  1101: the Worker threw an exception", 1102: "  1102: the Worker went over a limit"}


def details(frame: Frame, pane: str, key: str) -> Sheet | None:
    """Return the page of a selected row, or None where there is none."""
    if pane == "flow":
        request = next((one for one in frame.requests if one.trace_id == key), None)
        if request is not None:
            return Sheet(f"Request {key}", lambda width: request_rows(request, width))
    if pane == "cold_starts":
        start = next((one for one in frame.cold_starts if start_key(one) == key), None)
        if start is not None:
            return Sheet(
                f"Cold start of {start.instance}", lambda width: start_rows(start, frame.time_s, width)
            )
    if pane == "isolates" and (found := find_isolate(frame, key)) is not None:
        return Sheet(
            f"Isolate {found[1].isolate}", lambda width: isolate_rows(found[0], found[1], frame, width)
        )
    if pane == "decisions" and (decision := find_decision(frame, key)) is not None:
        return Sheet("Scaling decision", lambda width: decision_rows(decision, frame, width))
    instance = instance_of(frame, pane, key)
    if instance is None:
        return None
    return Sheet(f"Instance {instance.instance}", lambda width: instance_rows(instance, frame, width))


def notices_page(frame: Frame) -> Sheet:
    """Return the page of all notices, newest first."""
    return Sheet("Notices", lambda width: notice_rows(frame, width))


def _fact(width: int, label: str, *value: Segment) -> Row:
    return row(width, (left(label, _LABEL), "muted"), *value)


def request_rows(request: RequestRow, width: int) -> list[Row]:
    """Draw one request: the facts, then every hop on one time scale, kinds of time apart."""
    sums = totals(timeline(request))
    rows = [
        row(width, (f"{clean(request.method)} {clean(request.path)}", "strong")),
        _fact(
            width,
            "answer",
            (str(request.status), status_style(request.status)),
            (f"  {request.outcome}", "text"),
            (_ERROR_WORDS.get(request.error_code, ""), "error"),
        ),
        _fact(width, "visitor", (f"{clean(request.city)}  →  {clean(request.edge_location)}", "edge")),
        _fact(
            width,
            "answered by",
            (clean(f"{request.instance} in {request.region}") if request.region else "the edge", "region"),
        ),
        _fact(
            width,
            "time",
            *figures(sums, apart=True),
            (f"  =  {milliseconds(sum(sums.values()))} ms", "strong"),
        ),
        _fact(width, "Worker CPU", *_cpu_time(request)),
    ]
    if request.isolate:
        rows.insert(-1, _fact(width, "isolate", (f"{request.isolate}", "text")))
    if request.error:
        lines = wrapped(request.error, width - _LABEL)
        rows += [
            _fact(width, "" if n else "error", (line, "muted" if line.startswith(" ") else "error"))
            for n, line in enumerate(lines)
        ]
    rows += [blank(width), *_hops(request, width), blank(width)]
    present = {hop_kind(hop) for hop in request.trace}
    rows += [
        row(width, (GLYPHS[kind] * 3 + " ", kind), (KIND_WORDS[kind], "muted"))
        for kind in KIND_WORDS
        if kind in present
    ]
    return rows


def _cpu_time(request: RequestRow) -> list[Segment]:
    """Tell the Worker's CPU time, and how sure it is; an isolate that was killed reports none."""
    if request.worker_cpu_kind == "measured":
        return [(duration_ms(request.worker_cpu_ms), "measured"), ("  measured", "muted")]
    if not request.worker_cpu_ms:
        return [("unknown", "muted"), ("  the isolate reported none", "muted")]
    shared = "shared out among requests" if request.worker_cpu_kind == "estimated" else "simulated"
    return [(f"~{duration_ms(request.worker_cpu_ms)}", request.worker_cpu_kind), (f"  {shared}", "muted")]


def _hops(request: RequestRow, width: int) -> list[Row]:
    trace = request.trace
    if not trace:
        return [row(width, ("This request has no trace.", "muted"))]
    begin = min(0.0, *(hop.start_ms for hop in trace))
    end = max(request.duration_ms, *(hop.start_ms + hop.duration_ms for hop in trace), begin + 0.001)
    detail = max(len(hop.detail) for hop in trace) + 2
    detail = min(detail, max(width - _HOP - 2 * _FIGURE - 20, 0))
    room = max(width - _HOP - 2 * _FIGURE - detail, 4)
    scale = _Scale(begin, (end - begin) / room, room)
    head = left("hop", _HOP + room) + right("own", _FIGURE) + right("in all", _FIGURE)
    rows = [row(width, (head, "muted"))]
    for hop, own_ms in zip(trace, own_times_ms(request), strict=True):
        kind = hop_kind(hop)
        sign = "~" if kind == "estimated" else ""
        rows.append(
            row(
                width,
                (left(_HOP_WORDS[hop.name], _HOP), "text"),
                *_hop_bar(hop, trace, scale),
                (right(sign + duration_ms(own_ms), _FIGURE), kind),
                (right(sign + duration_ms(hop.duration_ms), _FIGURE), "muted"),
                (left(f"  {clean(hop.detail)}", detail) if detail else "", "muted"),
            )
        )
    return rows


class _Scale(NamedTuple):
    """Where times lie on the page."""

    begin_ms: float
    cell_ms: float
    room: int

    def cells(self, hop: Hop) -> tuple[int, int]:
        """Return a hop's first cell and the one after its last."""
        first = min(int((hop.start_ms - self.begin_ms) / self.cell_ms), self.room - 1)
        return first, min(first + max(1, round(hop.duration_ms / self.cell_ms)), self.room)

    def holds(self, hop: Hop, cell: int) -> bool:
        """Say whether the middle of a cell lies in a hop."""
        time_ms = self.begin_ms + (cell + 0.5) * self.cell_ms
        return hop.start_ms <= time_ms < hop.start_ms + hop.duration_ms


def _lies_inside(inner: Hop, outer: Hop) -> bool:
    deepest = len(HOP_DEPTH)
    return HOP_DEPTH.get(inner.name, -1) > HOP_DEPTH.get(outer.name, deepest)


def _hop_bar(hop: Hop, trace: Sequence[Hop], scale: _Scale) -> list[Segment]:
    """Draw a hop: its glyph where the time is its own, a thin line where another hop is inside it."""
    kind = hop_kind(hop)
    first, last = scale.cells(hop)
    inside = [other for other in trace if _lies_inside(other, hop)]
    covered = {cell for cell in range(first, last) if any(scale.holds(other, cell) for other in inside)}
    if covered.issuperset(range(first, last)):
        covered.discard(first)
    line: Segment = ("─", "muted")
    glyph: Segment = (GLYPHS[kind], kind)
    drawn = [line if cell in covered else glyph for cell in range(first, last)]
    return [(" " * first, "text"), *drawn, (" " * (scale.room - last), "text")]


def instance_rows(instance: InstanceRow, frame: Frame, width: int) -> list[Row]:
    """Draw one instance: its state, its memory against the limit, its cold starts, its last requests."""
    sign = instance_sign(instance)
    rows = [
        _fact(width, "state", (f"{sign.glyph} {state_words(instance, frame.time_s)}", sign.style)),
        _fact(width, "class", (clean(instance.container), "text"), (_start_policy(instance, frame), "muted")),
        _fact(width, "region", (clean(instance.region), "region"), (f"  {instance.driver}", "driver")),
        _fact(width, "since", (duration_s(frame.time_s - instance.since_s), "text")),
        _fact(width, "requests", (per_second(instance.requests_per_second), "text")),
        _fact(width, "CPU", (f"{instance.cpu_percent:.1f} % of one core", instance.memory_kind)),
        _fact(
            width,
            "memory",
            (
                f"{mebibytes(instance.memory_mib)} of {mebibytes(instance.memory_limit_mib)}",
                memory_style(instance),
            ),
            (f"  {mebibytes(instance.app_memory_mib)} of it the program's own", "muted"),
        ),
    ]
    if instance.reason:
        rows.append(
            _fact(
                width, "reason", (clean(instance.reason), "error" if instance.state == "failed" else "text")
            )
        )
    if instance.ends:
        rows.append(_fact(width, "lost disk", *_lost_disk(instance)))
    if instance.pull is not None:
        rows += pulls.layer_rows(instance.pull, width)
    if instance.memory_history_mib:
        graph = graphs.area(instance.memory_history_mib, width, 6, instance.memory_limit_mib)
        rows += [blank(width), row(width, ("┄" * (width - 6) + " limit", "faint"))]
        rows += [row(width, (text, memory_style(instance))) for text in graph]
    starts = [one for one in frame.cold_starts if one.instance == instance.instance][-3:]
    for start in starts:
        rows += [blank(width), *start_rows(start, frame.time_s, width)]
    return rows


def _start_policy(instance: InstanceRow, frame: Frame) -> str:
    policies = [one.start_policy for one in frame.containers if one.name == instance.container]
    return f"  started by the policy {policies[0]}" if policies else ""


def _lost_disk(instance: InstanceRow) -> list[Segment]:
    """Tell what was on the disk when the instance ended, and at all its ends."""
    last = "unknown" if instance.lost_disk_bytes is None else disk_size(instance.lost_disk_bytes)
    ends = "at its only end" if instance.ends == 1 else f"at the last of {instance.ends:,} ends"
    total = f"  {disk_size(instance.lost_disk_total_bytes)} in all" if instance.ends > 1 else ""
    return [
        (last, "warning" if instance.lost_disk_bytes else "text"),
        (f" {ends}", "muted"),
        (total, "muted"),
    ]


def start_rows(start: ColdStartRow, time_s: float, width: int) -> list[Row]:
    """Draw one cold start: its phases below each other on one time scale."""
    style = {"ready": "ok", "failed": "error"}.get(start.outcome, "starting")
    title = f"cold start at {duration_s(start.start_s)}: {start.outcome}, policy {start.policy}"
    rows = [row(width, (title, style), (f"   {_waited(start.waited)}", "cold" if start.waited else "muted"))]
    if start.reason:
        rows += [row(width, (line, reason_style(start))) for line in wrapped(start.reason, width)]
    spans = [(phase.name, phase.start_ms, phase.duration_ms, phase.kind) for phase in start.phases]
    if start.current is not None:
        begun_ms = (start.current.start_s - start.start_s) * 1000
        spans.append(
            (start.current.name, begun_ms, max((time_s - start.current.start_s) * 1000, 0.0), "measured")
        )
    end_ms = max((begin + length for _, begin, length, _ in spans), default=0.0) or 1.0
    room = max(width - _LABEL - 12, 4)
    for name, begin, length, kind in spans:
        first = min(int(begin / end_ms * room), room - 1)
        size = max(1, min(round(length / end_ms * room), room - first))
        rows.append(
            row(
                width,
                (left("  " + PHASE_WORDS[name], _LABEL), "text"),
                (" " * first, "text"),
                (phase_stretch(name, size), f"phase-{name}"),
                (" " * (room - first - size), "text"),
                (right(("" if kind == "measured" else "~") + duration_ms(length), 12), kind),
            )
        )
    return rows


def notice_rows(frame: Frame, width: int) -> list[Row]:
    """Draw the notices, newest first, each with its advice."""
    if not frame.notices:
        return [row(width, ("Nothing to tell.", "muted"))]
    rows: list[Row] = []
    for notice in reversed(frame.notices):
        sign, style = {"error": ("✗", "error"), "warning": ("▲", "warning")}.get(notice.level, ("·", "muted"))
        when = f"  {duration_s(frame.time_s - notice.time_s)} ago"
        if notice.times > 1:
            when += f", said {notice.times:,} times"
        rows.append(row(width, (f"{sign} ", style), (clean(notice.subject), "strong"), (when, "muted")))
        rows += _indented(notice.message, "text", width)
        rows += _indented(f"→ {notice.advice}", "title", width) if notice.advice else []
    if frame.dropped.notices:
        rows.append(row(width, (f"{frame.dropped.notices} older notices are no longer kept.", "muted")))
    return rows


def _indented(text: str, style: str, width: int) -> Sequence[Row]:
    """Draw a text under its title; the indented lines of a stack stand back."""
    return [
        row(width, ("  " + line, "muted" if line.startswith(" ") else style))
        for line in wrapped(text, max(width - 2, 1))
    ]


def _waited(count: int) -> str:
    return "1 request waited" if count == 1 else f"{count} requests waited"
