"""The table of cold starts by class, region and policy: how long, how long queued, and who waited."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from core.frames.frame import ColdStartGroup, Frame
from core.model.start_policies import START_POLICIES
from tui.panes.graphs import bar
from tui.panes.rows import Area, Row, Segment, clean, left, right, row
from tui.panes.waterfall import GLYPHS
from tui.units import duration_ms

_LEAST = Area(84, 16)
"""Under this size there is one line of totals instead."""
_FIGURE = 9
_COUNT = 7


class _Columns(NamedTuple):
    """The widths of what differs by the room; 0 leaves a column out."""

    container: int
    region: int
    bar: int


def table(frame: Frame, area: Area) -> list[Row]:
    """Draw a line for each class, region and policy in at most half of the room; none where it is small."""
    if area.width < _LEAST.width or area.height < _LEAST.height or not frame.cold_start_groups:
        return []
    groups = sorted(frame.cold_start_groups, key=_order)
    room = area.height // 2 - 2
    shown, hidden = groups[:room], groups[room:]
    if hidden:
        shown, hidden = groups[: room - 1], groups[room - 1 :]
    columns = _columns(shown, area.width)
    longest_ms = max((one.p50_ms for one in groups), default=0.0)
    rows = [_title(area.width), _head(columns, area.width)]
    for _, same in groupby(shown, key=lambda one: (one.container, one.region)):
        rows += _beside_each_other(list(same), columns, longest_ms, area.width)
    if hidden:
        rows.append(row(area.width, (f"and {len(hidden)} more", "muted")))
    return rows


def _title(width: int) -> Row:
    text = "── times of the start itself; the time in the queue behind other starts is apart "
    return row(width, (left(text, width) if width < len(text) else text + "─" * (width - len(text)), "muted"))


def _order(group: ColdStartGroup) -> tuple[str, str, int]:
    return group.container, group.region, START_POLICIES.index(group.policy)


def _columns(groups: Sequence[ColdStartGroup], width: int) -> _Columns:
    container = min(max((len(one.container) for one in groups), default=5), 14)
    region = min(max((len(one.region) for one in groups), default=6), 14)
    spare = width - container - region - 2 - 9 - 2 * _COUNT - 4 * _FIGURE - 15
    return _Columns(container, region, min(spare, 24) if spare >= 8 else 0)


def _head(columns: _Columns, width: int) -> Row:
    text = left("class", columns.container) + " " + left("region", columns.region) + " " + left("policy", 9)
    text += right("starts", _COUNT) + right("failed", _COUNT)
    text += "".join(right(word, _FIGURE) for word in ("p50", "p95", "worst", "queued"))
    text += left(f"  {GLYPHS['cold']} waited", 15)
    return row(width, (text, "muted"), ("p50 against plain" if columns.bar else "", "muted"))


def _beside_each_other(
    groups: Sequence[ColdStartGroup], columns: _Columns, longest_ms: float, width: int
) -> list[Row]:
    """Draw the policies of one class and region below each other, each against the plain start."""
    plain_ms = next((one.p50_ms for one in groups if one.policy == "plain" and one.count), 0.0)
    return [
        row(
            width,
            *_names(one, columns, first=not n),
            *_figures(one),
            *_against(one, columns, longest_ms, plain_ms),
        )
        for n, one in enumerate(groups)
    ]


def _names(group: ColdStartGroup, columns: _Columns, *, first: bool) -> list[Segment]:
    return [
        (left(clean(group.container) if first else "", columns.container) + " ", "text"),
        (left(clean(group.region) if first else "", columns.region) + " ", "region"),
        (left(group.policy, 9), "text" if group.policy == "plain" else "title"),
    ]


def _figures(group: ColdStartGroup) -> list[Segment]:
    times = (group.p50_ms, group.p95_ms, group.worst_ms)
    waited = f"  {GLYPHS['cold']} {group.waited:,}" if group.waited else ""
    return [
        (right(f"{group.count:,}", _COUNT), "text"),
        (right(f"{group.failed:,}" if group.failed else "-", _COUNT), "error" if group.failed else "faint"),
        *(
            (right(duration_ms(time_ms) if group.count else "-", _FIGURE), "strong" if not n else "text")
            for n, time_ms in enumerate(times)
        ),
        (
            right(duration_ms(group.queue_p50_ms) if group.queue_worst_ms >= 0.5 else "-", _FIGURE),
            "phase-queue",
        ),
        (left(waited, 15), "cold"),
    ]


def _against(group: ColdStartGroup, columns: _Columns, longest_ms: float, plain_ms: float) -> list[Segment]:
    if not columns.bar or not group.count or longest_ms <= 0:
        return []
    ratio = plain_ms / group.p50_ms if plain_ms and group.p50_ms and group.policy != "plain" else 0.0
    words = f" {ratio:.1f}x" if 0 < ratio < 9.95 else f" {ratio:.0f}x" if ratio else ""
    full, _ = bar(group.p50_ms / longest_ms, columns.bar - 7)
    return [(full, "phase-queue" if group.policy == "plain" else "title"), (words, "strong")]
