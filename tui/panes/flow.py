"""Request flow: the live picture, who is far, then the latest requests as waterfalls."""

from core.frames.frame import Frame
from tui.panes import requests
from tui.panes.far import far_rows
from tui.panes.picture import picture, picture_height
from tui.panes.rows import Area, Row, View, clean, row, rule
from tui.panes.waterfall import TimeKind, hop_kind, legend

keys = requests.keys


def layout(frame: Frame, area: Area, view: View) -> list[Row]:
    """Draw the picture above the requests; the legend comes last where there is room."""
    lines = picture_height(frame, area.height)
    rows = picture(frame, area.width, lines)
    rows += [rule(area.width)] if area.height >= 14 else []
    far = far_rows(frame, area.width, 2 if area.height >= 14 else 1 if area.height >= 10 else 0)
    rows += [*far, rule(area.width)] if far and area.height >= 14 else far
    with_legend = area.height >= 16 and bool(frame.requests)
    room = area.height - len(rows) - (1 if with_legend else 0)
    rows += requests.table(frame, area.width, room, view)
    if with_legend:
        rows += [row(area.width)] * (area.height - 1 - len(rows))
        rows.append(row(area.width, *legend(_kinds(frame))))
    return rows[: area.height]


def subtitle(frame: Frame) -> str:
    """Return where requests go in."""
    return clean(frame.url)


def _kinds(frame: Frame) -> set[TimeKind]:
    return {hop_kind(hop) for request in frame.requests[-40:] for hop in request.trace}
