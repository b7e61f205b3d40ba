"""The latest requests, newest first: one line each, with its time as a waterfall."""

from typing import NamedTuple

from core.frames.frame import Frame, RequestRow
from tui.panes.rows import Row, Segment, View, clean, first_shown, left, right, row, width_of
from tui.panes.waterfall import Part, bar_segments, figures, scaled_length, timeline, totals
from tui.units import duration_ms

FAR_MS = 80.0
"""From this round trip between edge and region on, a request carries the word ``far``."""

_FIGURE_WIDTHS = (15, 21, 27)
"""The column of times takes the first of these that holds its figures, so that it seldom moves."""


class Columns(NamedTuple):
    """The widths of the columns; 0 leaves one out."""

    method: int
    path: int
    where: int
    bar: int
    time: int
    time_apart: bool


def keys(frame: Frame) -> list[str]:
    """Return the traces' ids, newest first."""
    return [request.trace_id for request in reversed(frame.requests)]


def table(frame: Frame, width: int, height: int, view: View) -> list[Row]:
    """Draw the head and as many requests as there is room for."""
    if height <= 0:
        return []
    if not frame.requests:
        return [row(width, (_waiting_words(frame), "muted"))]
    names = keys(frame)
    selected = names.index(view.selected) if view.selected in names else None
    top = first_shown(len(names), height - 1, view.top, selected)
    newest_first = frame.requests[::-1][top : top + height - 1]
    drawn = [(request, timeline(request)) for request in newest_first]
    longest = max((sum(part.duration_ms for part in parts) for _, parts in drawn), default=0.0)
    columns = _columns(width, [width_of(figures(totals(parts), apart=width >= 96)) for _, parts in drawn])
    rows = [_head(width, columns)]
    for request, parts in drawn:
        segments = _segments(request, columns, parts, longest)
        line = row(width, *segments, key=request.trace_id)
        rows.append(line._replace(cursor=request.trace_id == view.selected))
    return rows


def _waiting_words(frame: Frame) -> str:
    return f"No request yet: send one to {clean(frame.url)}" if frame.url else "No request yet."


def _columns(width: int, figure_widths: list[int]) -> Columns:
    if width < 40:
        return Columns(0, max(width - 24, 4), 0, 0, 8, False)
    if width < 58:
        spare = width - 25
        return Columns(0, spare // 2, 0, spare - spare // 2, 8, False)
    if width < 96:
        method = 5 if width >= 84 else 0
        spare = width - 47 - method
        path = 8 + max(spare - 8, 0) // 3
        return Columns(method, path, 13, max(spare - path, 0), 17, False)
    longest = max(figure_widths, default=0)
    time = next((size for size in _FIGURE_WIDTHS if size >= longest), _FIGURE_WIDTHS[-1])
    spare = width - 39 - time
    path = min(16 + spare // 6, 32)
    return Columns(7, path, 15, max(spare - path, 0), time, True)


def _head(width: int, columns: Columns) -> Row:
    text = "from "
    text += left("", columns.method) + left("path", columns.path) + " " + "code "
    text += left("by", columns.where) + left("time", columns.bar)
    return row(width, (text, "muted"))


def status_style(status: int) -> str:
    """Return the style of an HTTP status."""
    return "error" if status >= 500 else "warning" if status >= 400 else "ok" if status < 300 else "muted"


def words(request: RequestRow) -> Segment:
    """Return the one word that explains a request, if one does."""
    if request.outcome == "canceled":
        return "left", "muted"
    if request.error_code:
        return str(request.error_code), "error"
    if request.outcome == "error" or request.status >= 500:
        return "error", "error"
    if request.cold_wait_ms > 0:
        return "cold", "cold"
    if request.region_rtt_ms >= FAR_MS:
        return "far", "emulated"
    return "", "text"


def place(request: RequestRow) -> Segment:
    """Return who answered: the region, or the edge."""
    if request.region:
        return clean(request.region), "region"
    return ("edge", "edge") if request.outcome == "edge" else ("-", "muted")


def _segments(
    request: RequestRow, columns: Columns, parts: tuple[Part, ...], longest: float
) -> list[Segment]:
    sums = totals(parts)
    total = sum(sums.values())
    length = scaled_length(total, longest, columns.bar - 1)
    where, where_style = place(request)
    segments: list[Segment] = [
        (left(clean(request.edge_location), 4) + " ", "edge"),
        (left(clean(request.method), columns.method), "muted"),
        (left(clean(request.path), columns.path) + " ", "text"),
        (left(str(request.status), 4) + " ", status_style(request.status)),
        (left(where, columns.where), where_style),
        *bar_segments(parts, length),
        (" " * (columns.bar - length), "text"),
    ]
    if columns.where:
        numbers = figures(sums, apart=columns.time_apart)
        pad = columns.time - width_of(numbers)
        segments += (
            [(" " * pad, "text"), *numbers]
            if pad >= 0
            else [(right(duration_ms(total), columns.time), "text")]
        )
    else:
        segments.append((right(duration_ms(total), columns.time), "text"))
    word, style = words(request)
    return [*segments, (f" {word}", style)]
