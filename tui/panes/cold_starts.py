"""Cold starts: one bar of phases a start, growing while it is under way, and who waited."""

from collections.abc import Iterator
from typing import NamedTuple

from core.events.types import PhaseName
from core.frames.frame import ColdStartRow, Frame
from tui.panes import start_groups
from tui.panes.graphs import share_out
from tui.panes.rows import Area, Row, Segment, View, cells, clean, first_shown, left, right, row, width_of
from tui.panes.states import PHASE_FILLS, PHASE_WORDS, phase_stretch
from tui.panes.waterfall import GLYPHS
from tui.units import duration_ms, milliseconds


class _Stretch(NamedTuple):
    name: PhaseName
    duration_ms: float
    growing: bool


def keys(frame: Frame) -> list[str]:
    """Return a key for each start, newest first."""
    return [start_key(start) for start in reversed(frame.cold_starts)]


def start_key(start: ColdStartRow) -> str:
    """Return what names one start among all."""
    return f"{start.instance}@{start.start_s:.6f}"


def layout(frame: Frame, area: Area, view: View) -> list[Row]:
    """Draw the starts, newest first, then the totals; bars share one scale, ``»`` marks a longer one.

    With the screen to itself the totals are a table by class, region and policy.
    """
    foot = start_groups.table(frame, area) or (_foot(frame, area.width) if area.height >= 3 else [])
    if not frame.cold_starts:
        return [row(area.width, ("No cold start yet.", "muted")), *foot][: area.height]
    legend = [_legend(area.width)] if area.height >= 10 and area.width >= 60 else []
    room = max(area.height - len(foot) - len(legend), 0)
    names = keys(frame)
    selected = names.index(view.selected) if view.selected in names else None
    top = first_shown(len(names), room, view.top, selected)
    shown = frame.cold_starts[::-1][top : top + room]
    longest = _scale_ms([_total_ms(start, frame.time_s) for start in shown])
    name = min(max((len(start.instance) for start in shown), default=5), 12 if area.width >= 40 else 8)
    rows = [_start(start, frame.time_s, area.width, name, longest, view) for start in shown]
    rows += [row(area.width)] * (room - len(rows))
    return [*rows, *legend, *foot][: area.height]


def subtitle(frame: Frame) -> str:
    """Return how many there were."""
    totals = frame.cold_start_totals
    failed = f", {totals.failed} failed" if totals.failed else ""
    return f"{totals.count} ended{failed}"


def _stretches(start: ColdStartRow, time_s: float) -> Iterator[_Stretch]:
    for phase in start.phases:
        yield _Stretch(phase.name, phase.duration_ms, False)
    if start.current is not None:
        yield _Stretch(start.current.name, max(0.0, (time_s - start.current.start_s) * 1000), True)


def _total_ms(start: ColdStartRow, time_s: float) -> float:
    if start.outcome == "starting":
        return max((time_s - start.start_s) * 1000, 0.001)
    return max(start.total_ms, sum(phase.duration_ms for phase in start.phases), 0.001)


def _scale_ms(totals_ms: list[float]) -> float:
    """Return the time that a full bar stands for: the longest, or four times the median if that is less."""
    if not totals_ms:
        return 0.0
    return min(max(totals_ms), 4 * sorted(totals_ms)[(len(totals_ms) - 1) // 2])


def _start(start: ColdStartRow, time_s: float, width: int, name: int, longest_ms: float, view: View) -> Row:
    total_ms = _total_ms(start, time_s)
    end = _end(start, total_ms, width)
    room = max(width - name - 1 - width_of(end), 0)
    length = max(1, min(room, round(total_ms / longest_ms * room))) if room else 0
    bar = _bar(list(_stretches(start, time_s)), length)
    if total_ms > longest_ms * 1.01 and bar:
        bar[-1] = (bar[-1][0][:-1] + "»", bar[-1][1])
    key = start_key(start)
    drawn = row(
        width,
        (left(clean(start.instance), name) + " ", "text"),
        *bar,
        (" " * (room - width_of(bar)), "text"),
        *end,
        key=key,
    )
    return drawn._replace(cursor=key == view.selected)


def _end(start: ColdStartRow, total_ms: float, width: int) -> list[Segment]:
    style = {"ready": "text", "failed": "error"}.get(start.outcome, "starting")
    sign = {"ready": " ", "failed": "✗"}.get(start.outcome, "…")
    end: list[Segment] = [(right(duration_ms(total_ms), 8) + sign, style)]
    if width >= 60:
        word = "waiting" if start.outcome == "starting" else "waited"
        end.append((left(f" {GLYPHS['cold']} {start.waited} {word}" if start.waited else "", 13), "cold"))
    elif width >= 30:
        end.append((left(f" {GLYPHS['cold']}{start.waited}" if start.waited else "", 5), "cold"))
    if width >= 70:
        end.append((left(f" {clean(start.region)}", 14), "muted"))
        end.append((left(f" {start.policy}", 9), "muted" if start.policy == "plain" else "title"))
    if width >= 110:
        end.append((left(f" {clean(start.reason or start.detail)}", 28), reason_style(start)))
    return end


def reason_style(start: ColdStartRow) -> str:
    """Return the style of why a start was as it was."""
    return "error" if start.outcome == "failed" else "muted"


def _bar(stretches: list[_Stretch], width: int) -> list[Segment]:
    sizes = share_out([stretch.duration_ms for stretch in stretches], width)
    segments: list[Segment] = []
    for stretch, size in zip(stretches, sizes, strict=True):
        if size:
            segments.append((_label(stretch, size), f"phase-{stretch.name}"))
    return segments


def _label(stretch: _Stretch, size: int) -> str:
    word = PHASE_WORDS[stretch.name]
    figure = milliseconds(stretch.duration_ms)
    if size >= cells(word) + cells(figure) + 6:
        return phase_stretch(stretch.name, size, f"{word} {figure} ms")
    if size >= cells(word) + 2:
        return phase_stretch(stretch.name, size, word)
    if stretch.name in PHASE_FILLS:
        return phase_stretch(stretch.name, size)
    return left(word, size) if size >= cells(word) else word[0] + " " * (size - 1)


def _legend(width: int) -> Row:
    segments: list[Segment] = []
    for name, word in PHASE_WORDS.items():
        sample = phase_stretch(name, cells(word) + (5 if name in PHASE_FILLS else 2), word)
        segments += [(sample, f"phase-{name}"), (" ", "text")]
    return row(width, *segments)


def _foot(frame: Frame, width: int) -> list[Row]:
    totals = frame.cold_start_totals
    if not totals.count:
        return []
    segments: list[Segment] = []
    labels = (("p50", totals.p50_ms), ("p95", totals.p95_ms), ("worst", totals.worst_ms))
    for label, value_ms in labels:
        figure = [(f"{label} ", "muted"), (f"{duration_ms(value_ms)}  ", "strong")]
        if width_of([*segments, *figure]) <= width + 2:
            segments += figure
    waited = f"{GLYPHS['cold']}{totals.waited_total}"
    for words in (f"{totals.waited_total} requests waited", f"{totals.waited_total} waited", waited):
        if width_of(segments) + cells(words) <= width:
            segments.append((words, "cold" if totals.waited_total else "muted"))
            break
    return [row(width, *segments)]
