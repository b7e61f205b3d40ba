"""The page of one isolate: what it is, its memory against the limit, and its last requests."""

from core.frames.frame import Frame, IsolateRow, RequestRow, WorkerRow
from tui.panes import graphs
from tui.panes.isolates import ENDED, memory_style
from tui.panes.requests import status_style
from tui.panes.rows import Row, blank, clean, left, right, row
from tui.panes.states import ISOLATE_STATES
from tui.units import duration_ms, duration_s, mebibytes
from tui.wrap import wrapped

_LABEL = 16
_LAST_REQUESTS = 8


def isolate_rows(worker: WorkerRow, isolate: IsolateRow, frame: Frame, width: int) -> list[Row]:
    """Draw one isolate."""
    sign = ISOLATE_STATES[isolate.state]
    since = f" for {duration_s(frame.time_s - isolate.since_s)}"
    if isolate.state in ENDED:
        since = f" {duration_s(frame.time_s - isolate.since_s)} ago"
    facts = [
        ("state", f"{sign.glyph} {sign.word}{since}", sign.style),
        ("Worker", f"{clean(worker.worker)}  version {isolate.version}", "text"),
        ("runtime", clean(worker.runtime), "driver"),
        ("started in", duration_ms(isolate.start_ms) if isolate.start_ms else "-", "measured"),
        ("answered", f"{isolate.requests:,} requests, {isolate.in_flight:,} in flight", "text"),
        ("CPU", f"{isolate.cpu_percent:.1f} % of one core", "measured"),
    ]
    rows = [row(width, (left(label, _LABEL), "muted"), (text, style)) for label, text, style in facts]
    style = "error" if isolate.state == "failed" else "text"
    for number, line in enumerate(wrapped(isolate.message, width - _LABEL) if isolate.message else ()):
        label = "" if number else "why"
        rows.append(row(width, (left(label, _LABEL), "muted"), (line, style)))
    return [*rows, *_memory(isolate, width), *_requests(isolate, frame, width)]


def _memory(isolate: IsolateRow, width: int) -> list[Row]:
    if not isolate.memory_limit_mib:
        return []
    of_limit = f"{mebibytes(isolate.memory_mib)} of {mebibytes(isolate.memory_limit_mib)}"
    whole = f"  its process holds {mebibytes(isolate.resident_mib)}"
    if isolate.heap_mib:
        whole += f", the language's heap {mebibytes(isolate.heap_mib)}"
    style = memory_style(isolate)
    rows = [row(width, (left("memory", _LABEL), "muted"), (of_limit, style), (whole, "muted")), blank(width)]
    rows.append(row(width, ("┄" * (width - 6) + " limit", "faint")))
    graph = graphs.area(isolate.memory_history_mib, width, 6, isolate.memory_limit_mib)
    return [*rows, *(row(width, (text, style)) for text in graph)]


def _requests(isolate: IsolateRow, frame: Frame, width: int) -> list[Row]:
    last = [one for one in reversed(frame.requests) if isolate.isolate and one.isolate == isolate.isolate]
    if not last:
        return []
    head = row(width, ("the last requests that it answered", "muted"))
    return [blank(width), head, *(_request(one, width) for one in last[:_LAST_REQUESTS])]


def _request(request: RequestRow, width: int) -> Row:
    sign = "~" if request.worker_cpu_kind == "estimated" else ""
    return row(
        width,
        (left(str(request.status), 5), status_style(request.status)),
        (left(clean(request.method), 7), "muted"),
        (left(clean(request.path), max(width - 36, 1)), "text"),
        (right(duration_ms(request.duration_ms), 10), "text"),
        (right(f"{sign}{duration_ms(request.worker_cpu_ms)} CPU", 14), request.worker_cpu_kind),
    )
