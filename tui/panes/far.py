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
    pair = far_and_near(frame)
    if not pair:
        return []
    far, shown = pair[0], pair[:height]
    label = max(width_of(_label(one)) for one in shown) + 2
    longest_ms = sum(totals(timeline(far)).values())
    return [_line(one, width, min(label, width // 2), longest_ms) for one in shown]


def far_and_near(frame: Frame) -> tuple[RequestRow, ...]:
    """Return the request that its region puts farthest, and the one that a nearer region served its city.

    Of all cities it is the one whose two ways differ most; where no city has two, the longest way alone;
    nothing where nobody is far. Of the same way the newest counts, rather one that met no cold start.
    """
    ways: dict[tuple[str, str], RequestRow] = {}
    for one in frame.requests:
        way = one.city, one.region
        if one.outcome == "container" and (way not in ways or not one.cold_wait_ms or ways[way].cold_wait_ms):
            ways[way] = one
    nearest = {one.city: one for one in sorted(ways.values(), key=_distance, reverse=True)}
    far = [one for one in ways.values() if one.region_rtt_ms >= FAR_MS]
    if not far:
        return ()
    most = max(far, key=lambda one: (_distance(one) - _distance(nearest[one.city]), _distance(one)))
    near = nearest[most.city]
    return (most, near) if near is not most else (most,)


def _distance(request: RequestRow) -> float:
    return request.region_rtt_ms


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
