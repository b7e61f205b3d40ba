"""The first line: what runs, and how it does."""

from typing import NamedTuple

from core.frames.frame import Frame
from tui.panes.graphs import sparkline
from tui.panes.rows import Area, Row, Segment, View, clean, spread, width_of
from tui.units import duration_ms, per_second, percent, usd


class Part(NamedTuple):
    """One figure of the header. Those of the highest ``rank`` give way first when there is no room."""

    rank: int
    segments: tuple[Segment, ...]


def layout(frame: Frame, area: Area, view: View) -> list[Row]:
    """Draw the header line, with as many figures as there is room for."""
    start, end = _start(frame, view), _end(frame)
    while True:
        row = (_joined(start, "  "), _joined(end, "   "))
        if width_of(row[0]) + width_of(row[1]) + 1 <= area.width or len(start) + len(end) <= 1:
            return [spread(area.width, row[0], row[1], fill="bar-text")]
        worst = max((*start, *end), key=lambda part: part.rank)
        (end if worst in end else start).remove(worst)


def _joined(parts: list[Part], gap: str) -> list[Segment]:
    segments: list[Segment] = [(" ", "bar-text")]
    for index, part in enumerate(parts):
        if index:
            segments.append((gap, "bar-text"))
        segments += part.segments
    segments.append((" ", "bar-text"))
    return segments


def _start(frame: Frame, view: View) -> list[Part]:
    instances = [one for region in frame.regions for one in region.instances]
    ready = sum(1 for one in instances if one.state == "ready")
    most = sum(container.max_instances for container in frame.containers)
    parts = [Part(0, ((clean(frame.deployment) or "hybrid-tui", "bar-title"),))]
    if view.banner is not None:
        parts.append(Part(1, (("✗ no engine", "badge-error"),)))
    elif view.paused:
        parts.append(Part(1, (("‖ paused", "badge"),)))
    elif frame.state != "up":
        parts.append(Part(2, ((frame.state, "bar-warning"),)))
    if frame.regions and all(region.info.driver == "simulated" for region in frame.regions):
        parts.append(Part(1, (("simulated", "bar-warning"),)))
    distance = distance_words(frame.latency_scale)
    if distance and frame.state == "up":
        parts.append(Part(1, ((f"░ {distance}", "badge-distance"),)))
    parts.append(Part(8, ((clean(frame.profile), "bar-muted"),)))
    parts.append(Part(7, ((_count(len(frame.regions), "region"), "bar-text"),)))
    parts.append(Part(5, ((f"{ready} of {most} instances" if most else f"{ready} instances", "bar-text"),)))
    if frame.url:
        parts.append(Part(9, ((clean(frame.url), "bar-accent"),)))
    return parts


def distance_words(scale: float) -> str:
    """Say how emulated distances are changed: ``distance off``, ``distance x2``; nothing when real."""
    return "" if scale == 1 else "distance off" if scale == 0 else f"distance x{scale:g}"


def _end(frame: Frame) -> list[Part]:
    flow = frame.flow
    share = flow.errors_per_second / flow.requests_per_second if flow.requests_per_second else 0.0
    error_style = "bar-error" if share > 0 else "bar-text"
    sign = "✗ " if share > 0 else ""
    history = sparkline(flow.rate_history, 12, max(flow.rate_history, default=0.0))
    return [
        Part(10, ((history, "bar-accent"),)),
        Part(1, ((per_second(flow.requests_per_second).replace("/s", " req/s"), "bar-strong"),)),
        Part(4, _labelled("p50 ", duration_ms(flow.p50_ms))),
        Part(3, _labelled("p95 ", duration_ms(flow.p95_ms))),
        Part(2, ((f"{sign}{percent(share)} errors", error_style),)),
        Part(6, ((f"{usd(frame.cost.rate_usd_per_hour)}/h", "bar-cost"),)),
    ]


def _labelled(label: str, value: str) -> tuple[Segment, ...]:
    return (label, "bar-muted"), (value, "bar-strong")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
