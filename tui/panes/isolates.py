"""Isolates of the Worker: state, start, memory against the limit, CPU, requests, and what went wrong."""

from typing import NamedTuple

from core.frames.frame import HISTORY_SAMPLES, Frame, IsolateRow, WorkerFailureRow, WorkerRow
from tui.panes.graphs import bar, sparkline
from tui.panes.problems import headline
from tui.panes.rows import (
    Area,
    Row,
    Segment,
    View,
    blank,
    cells,
    clean,
    first_shown,
    flowed,
    left,
    right,
    row,
    spread,
    width_of,
)
from tui.panes.states import ISOLATE_STATES
from tui.units import duration_ms, duration_s, mebibytes

ENDED = ("failed", "stopped")
_HOT_SHARE, _FULL_SHARE = 0.8, 0.95
_STATE = 14
_ENDED = 18
_BAR = 8
_FAILURE_WORDS = {1101: "exceptions (1101)", 1102: "over a limit (1102)"}


class Columns(NamedTuple):
    """The widths of the columns; 0 leaves one out."""

    name: int
    start: int
    bar: int
    memory: int
    history: int
    heap: int
    cpu: int
    in_flight: int
    answered: int


def keys(frame: Frame) -> list[str]:
    """Return a key for each isolate, newest first."""
    return [isolate_key(one) for worker in frame.workers for one in worker.isolates]


def isolate_key(isolate: IsolateRow) -> str:
    """Return what names an isolate among all."""
    return f"isolate:{isolate.isolate}"


def find_isolate(frame: Frame, key: str) -> tuple[WorkerRow, IsolateRow] | None:
    """Return an isolate of the frame with its Worker, by its key."""
    both = ((worker, one) for worker in frame.workers for one in worker.isolates)
    return next((found for found in both if isolate_key(found[1]) == key), None)


def living(worker: WorkerRow) -> list[IsolateRow]:
    """Return the isolates that have not ended."""
    return [one for one in worker.isolates if one.state not in ENDED]


def memory_mib(worker: WorkerRow) -> float:
    """Return what the living isolates hold together."""
    return sum(one.memory_mib for one in living(worker))


def layout(frame: Frame, area: Area, view: View) -> list[Row]:
    """Draw the Worker's line, a line for each isolate and one for what is wrong with it, then the totals."""
    if not frame.workers:
        return [row(area.width, ("No isolate yet: the Worker is not started.", "muted"))][: area.height]
    worker = frame.workers[0]
    foot = _totals(worker, frame.time_s, area.width)
    foot = foot if area.height >= len(foot) + 5 else []
    head = [_summary(worker, frame.time_s, area.width)] if area.height >= 3 else []
    columns = _columns(area.width)
    if area.height >= 5:
        limit_mib = max((one.memory_limit_mib for one in worker.isolates), default=0.0)
        head.append(_titles(columns, area.width, limit_mib))
    groups = [
        _isolate(one, frame.time_s, columns, area.width, view.selected)
        for each in frame.workers
        for one in each.isolates
    ]
    room = max(area.height - len(head) - len(foot), 1)
    rows = _window(groups, room, keys(frame), view)
    rows += [blank(area.width)] * (room - len(rows) if foot else 0)
    return [*head, *rows, *foot][: area.height]


def subtitle(frame: Frame) -> str:
    """Return how many isolates live, and the memory they hold."""
    alive = [one for worker in frame.workers for one in living(worker)]
    noun = "isolate" if len(alive) == 1 else "isolates"
    return f"{len(alive)} {noun}, {mebibytes(sum(one.memory_mib for one in alive))}"


def memory_style(isolate: IsolateRow) -> str:
    """Return the style for an isolate's memory: by its share of the limit."""
    share = isolate.memory_mib / isolate.memory_limit_mib if isolate.memory_limit_mib else 0.0
    return "memory-full" if share >= _FULL_SHARE else "memory-hot" if share >= _HOT_SHARE else "memory"


def _window(groups: list[list[Row]], room: int, names: list[str], view: View) -> list[Row]:
    """Return the isolates that fit; lines of explanation give way before isolates do."""
    if sum(len(group) for group in groups) > room:
        groups = [group[:1] for group in groups]
    selected = names.index(view.selected) if view.selected in names else None
    top = first_shown(len(groups), room, view.top, selected)
    return [drawn for group in groups[top:] for drawn in group][:room]


def _summary(worker: WorkerRow, time_s: float, width: int) -> Row:
    sign = ISOLATE_STATES[worker.state]
    start: list[Segment] = [(f"{sign.glyph} {sign.word}  ", sign.style), (clean(worker.runtime), "driver")]
    if worker.version:
        start.append((f"  version {worker.version}", "strong"))
    if worker.reloads:
        start.append((f", {duration_s(time_s - worker.reloaded_s)} ago", "muted"))
    end: list[Segment] = [(f" {len(living(worker))} living  {mebibytes(memory_mib(worker))}", "text")]
    if worker.start_ms:
        end.append((f"  last start {duration_ms(worker.start_ms)}", "muted"))
    if width_of(start) + width_of(end) + 2 > width:
        end = end[:1]
    return spread(width, start, end)


def _columns(width: int) -> Columns:
    name = 9 if width >= 40 else 4
    start = 8 if width >= 60 else 0
    heap = 9 if width >= 80 else 0
    cpu = 8 if width >= 44 else 0
    in_flight = 10 if width >= 70 else 0
    answered = 11 if width >= 90 else 0
    bar_size = _BAR if width >= 56 else 0
    memory = 9
    fixed = 2 + name + _STATE + start + bar_size + memory + heap + cpu + in_flight + answered
    history = max(0, min(HISTORY_SAMPLES, width - fixed - 2))
    return Columns(
        name, start, bar_size, memory, history if history >= 4 else 0, heap, cpu, in_flight, answered
    )


def _titles(columns: Columns, width: int, limit_mib: float) -> Row:
    texts = [
        ("start", columns.start),
        ("memory", columns.bar + columns.memory),
        ("heap", columns.heap),
        ("CPU", columns.cpu),
        ("in flight", columns.in_flight),
        ("answered", columns.answered),
    ]
    end = "".join(right(text, size) for text, size in texts[:2])
    if columns.history:
        end += left(
            f" of {mebibytes(limit_mib)}" if limit_mib and columns.history > 10 else "", columns.history + 2
        )
    end += "".join(right(text, size) for text, size in texts[2:])
    name = "isolate" if columns.name >= 9 else "no."
    return spread(width, [(f"  {left(name, columns.name)}state", "muted")], [(end, "muted")])


def _isolate(isolate: IsolateRow, time_s: float, columns: Columns, width: int, selected: str) -> list[Row]:
    sign = ISOLATE_STATES[isolate.state]
    name = f"{isolate.isolate}  v{isolate.version}" if columns.name >= 9 else str(isolate.isolate)
    words = sign.word
    if isolate.state != "ready":
        words += f" {duration_s(time_s - isolate.since_s)}"
    start: list[Segment] = [(f"{sign.glyph} ", sign.style), (left(name, columns.name), "strong")]
    key = isolate_key(isolate)
    if isolate.state in ENDED:
        message = headline(isolate.message)
        ago = f"{sign.word} {duration_s(time_s - isolate.since_s)} ago"
        drawn = [row(width, *start, (left(ago, _ENDED), sign.style), (clean(message), "text"), key=key)]
    else:
        start.append((left(words, _STATE), sign.style))
        drawn = [spread(width, start, _figures(isolate, columns), key=key)]
        if isolate.message and isolate.state != "ready":
            indent = " " * (2 + columns.name)
            drawn.append(row(width, (f"{indent}└ {clean(headline(isolate.message))}", sign.style), key=key))
    return [one._replace(cursor=key == selected) for one in drawn]


def _figures(isolate: IsolateRow, columns: Columns) -> list[Segment]:
    style = memory_style(isolate)
    share = isolate.memory_mib / isolate.memory_limit_mib if isolate.memory_limit_mib else 0.0
    started = duration_ms(isolate.start_ms) if isolate.start_ms else ""
    full, empty = bar(share, max(columns.bar - 1, 0))
    known = isolate.memory_limit_mib > 0
    mark = "! " if style == "memory-full" else ""
    figures: list[Segment] = [
        (right(started, columns.start), "measured"),
        (" " if columns.bar else "", "text"),
        (full, style),
        (empty, "faint"),
        (
            right(mark + mebibytes(isolate.memory_mib) if known else "-", columns.memory),
            style if style != "memory" else "text",
        ),
    ]
    if columns.history:
        graph = sparkline(isolate.memory_history_mib, columns.history, isolate.memory_limit_mib)
        figures.append((f" {graph} ", style))
    heap = mebibytes(isolate.heap_mib) if isolate.heap_mib else "-"
    return [
        *figures,
        (right(heap, columns.heap), "muted"),
        (right(f"{isolate.cpu_percent:.0f} %" if known else "-", columns.cpu), "text"),
        (right(f"{isolate.in_flight:,}", columns.in_flight), "text"),
        (right(f"{isolate.requests:,}", columns.answered), "text"),
    ]


def _totals(worker: WorkerRow, time_s: float, width: int) -> list[Row]:
    restarts: list[Segment] = [
        (
            f"{worker.restarts} {_noun(worker.restarts, 'restart')}   ",
            "warning" if worker.restarts else "muted",
        )
    ]
    ago = f", the last {duration_s(time_s - worker.reloaded_s)} ago" if worker.reloads else ""
    reloads: list[Segment] = [
        (f"{worker.reloads} {_noun(worker.reloads, 'reload')}{ago}   ", "text" if worker.reloads else "muted")
    ]
    groups = [restarts, reloads]
    if not worker.failures:
        groups.append([("no 1101, no 1102", "muted")])
    rows = flowed(width, groups, indent=0)
    return [*rows, *(_failure(one, time_s, width) for one in worker.failures)]


def _failure(failure: WorkerFailureRow, time_s: float, width: int) -> Row:
    words = f"✗ {failure.count:,} {_FAILURE_WORDS[failure.code]}, the last "
    if cells(words) > width // 2:
        words = f"✗ {failure.count:,} × {failure.code}, "
    ago = f"{duration_s(time_s - failure.time_s)} ago"
    asked = f"  {clean(failure.method)} {clean(failure.path)}"
    return row(
        width,
        (words, "error"),
        (ago, "text"),
        (asked, "strong"),
        (f"  {clean(headline(failure.message))}", "muted"),
    )


def _noun(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"
