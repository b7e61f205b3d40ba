"""Far and near: the visitor with the longest way to a container, and the same visitor served nearby."""

from core.frames.frame import Frame, RequestRow
from tui.panes.requests import FAR_MS
from tui.panes.rows import Row, Segment, cells, clean, left, row, width_of
from tui.panes.waterfall import bar_segments, figures, timeline, totals

_LEAST_WIDTH = 40
_OFF = "distance is off: every region is as near as this machine"


def far_rows(frame: Frame, width: int, height: int) -> list[Row]:
    """Draw the farthest request of late, and in a second line its visitor's nearest one, on one scale.

    With the distance off it says so; where nobody is far it draws nothing.
    """
    if height <= 0 or width < _LEAST_WIDTH:
        return []
    if frame.latency_scale == 0 and frame.requests:
        return [row(width, ("░ ", "emulated"), (_OFF, "text"))]
    far = farthest(frame)
    if far is None:
        return []
    near = nearest(frame, far.city, far.region)
    shown = [far, near] if near is not None and height > 1 else [far]
    label = max(width_of(_label(one)) for one in shown) + 2
    longest_ms = sum(totals(timeline(far)).values())
    return [_line(one, width, min(label, width // 2), longest_ms) for one in shown]


def farthest(frame: Frame) -> RequestRow | None:
    """Return the newest request of the longest way from edge to region, if one is far.

    One that waited for a cold start counts only where there is no other.
    """
    far = [one for one in frame.requests if one.region_rtt_ms >= FAR_MS and one.outcome == "container"]
    return max(far, key=lambda one: (not one.cold_wait_ms, one.region_rtt_ms, one.time_s), default=None)


def nearest(frame: Frame, city: str, other_than: str) -> RequestRow | None:
    """Return the newest request of a city that the region nearest to it answered, if that is another one."""
    near = [
        one
        for one in frame.requests
        if one.city == city and one.region not in ("", other_than) and one.outcome == "container"
    ]
    return min(near, key=lambda one: (bool(one.cold_wait_ms), one.region_rtt_ms, -one.time_s), default=None)


def _label(request: RequestRow) -> list[Segment]:
    return [(clean(request.city), "strong"), (" → ", "muted"), (clean(request.region), "region")]


def _line(request: RequestRow, width: int, label: int, longest_ms: float) -> Row:
    parts = timeline(request)
    sums = totals(parts)
    total_ms = sum(sums.values())
    distance = (sums["emulated"] + sums["estimated"]) / total_ms if total_ms else 0.0
    told: list[Segment] = [("  ", "text"), *figures(sums, apart=False)]
    share = f"  {distance:.0%} is distance".replace("%", " %")
    if label + width_of(told) + cells(share) + 12 <= width:
        told.append((left(share, cells("  100 % is distance")), "emulated" if distance >= 0.5 else "muted"))
    room = max(width - label - width_of(told), 4)
    length = max(1, min(round(total_ms / longest_ms * room), room)) if longest_ms else 1
    name = row(label, *_label(request)).segments
    return row(width, *name, *bar_segments(parts, length), *told)
