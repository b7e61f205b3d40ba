"""Scaling decisions: when, of which class and region, from how many to how many, by whom, and why."""

from core.frames.frame import Frame, ScalingRow
from tui.panes.rows import Area, Row, Segment, View, blank, clean, first_shown, left, right, row
from tui.units import duration_s
from tui.wrap import wrapped

_AGO = 8
_POLICY = 13
_LABEL = 16


def keys(frame: Frame) -> list[str]:
    """Return a key for each decision, newest first."""
    return [decision_key(one) for one in reversed(frame.scaling)]


def decision_key(decision: ScalingRow) -> str:
    """Return what names one decision among all."""
    return f"{decision.container}/{decision.region}@{decision.time_s:.6f}"


def find_decision(frame: Frame, key: str) -> ScalingRow | None:
    """Return a decision of the frame by its key."""
    return next((one for one in frame.scaling if decision_key(one) == key), None)


def layout(frame: Frame, area: Area, view: View) -> list[Row]:
    """Draw the decisions, newest first; where there is room what is in force comes last."""
    if not frame.scaling:
        words = "No scaling decision yet: w sets how many instances a class shall have."
        return [row(area.width, (words, "muted"))][: area.height]
    foot = _in_force(frame, area) if area.height >= 16 else []
    head = [_head(frame, area.width)] if area.height >= 4 else []
    room = max(area.height - len(head) - len(foot), 1)
    names = keys(frame)
    selected = names.index(view.selected) if view.selected in names else None
    top = first_shown(len(names), room, view.top, selected)
    rows = []
    for one in frame.scaling[::-1][top : top + room]:
        drawn = row(area.width, *_decision(one, frame, area.width), key=decision_key(one))
        rows.append(drawn._replace(cursor=drawn.key == view.selected))
    rows += [blank(area.width)] * (room - len(rows))
    return [*head, *rows, *foot][: area.height]


def subtitle(frame: Frame) -> str:
    """Return how many decisions there were."""
    count = len(frame.scaling) + frame.dropped.scaling
    return f"{count:,} decision{'' if count == 1 else 's'}"


def change(decision: ScalingRow) -> Segment:
    """Return from how many to how many."""
    sign = (
        "▲" if decision.instances > decision.before else "▼" if decision.instances < decision.before else "="
    )
    style = {"▲": "ok", "▼": "edge"}.get(sign, "muted")
    return f"{sign} {decision.before} → {decision.instances}", style


def decision_rows(decision: ScalingRow, frame: Frame, width: int) -> list[Row]:
    """Draw the page of one decision, with its whole reason."""
    facts = [
        ("class", clean(decision.container), "text"),
        ("region", clean(decision.region), "region"),
        ("instances", *change(decision)),
        ("decided by", _decider(decision), "title" if decision.policy == "manual" else "text"),
        ("when", f"{duration_s(frame.time_s - decision.time_s)} ago", "muted"),
    ]
    rows = [row(width, (left(label, _LABEL), "muted"), (text, style)) for label, text, style in facts]
    lines = wrapped(decision.reason, width - _LABEL)
    return rows + [
        row(width, (left("" if n else "why", _LABEL), "muted"), (line, "text"))
        for n, line in enumerate(lines)
    ]


def _decider(decision: ScalingRow) -> str:
    return "a person (manual)" if decision.policy == "manual" else f"the policy {clean(decision.policy)}"


def _name_widths(frame: Frame) -> tuple[int, int]:
    container = max(max((len(one.container) for one in frame.scaling), default=5), 5)
    region = max(max((len(one.region) for one in frame.scaling), default=6), 6)
    return min(container, 14), min(region, 14)


def _head(frame: Frame, width: int) -> Row:
    container, region = _name_widths(frame)
    text = right("ago", _AGO) + "  " + left("class", container) + " " + left("region", region) + " "
    text += left("instances", 11)
    text += left("policy", _POLICY) if width >= 80 else ""
    return row(width, (text + "why", "muted"))


def _decision(decision: ScalingRow, frame: Frame, width: int) -> list[Segment]:
    container, region = _name_widths(frame)
    words, style = change(decision)
    manual = decision.policy == "manual"
    segments: list[Segment] = [
        (right(duration_s(frame.time_s - decision.time_s), _AGO) + "  ", "muted"),
        (left(clean(decision.container), container) + " ", "text"),
        (left(clean(decision.region), region) + " ", "region"),
        (left(words, 11), style),
    ]
    if width >= 80:
        segments.append((left(clean(decision.policy), _POLICY), "title" if manual else "muted"))
    return [*segments, (clean(decision.reason), "text")]


def _in_force(frame: Frame, area: Area) -> list[Row]:
    """Draw what is wanted now, beside what is ready."""
    if not frame.wanted:
        return []
    container, region = _name_widths(frame)
    rows = [blank(area.width), row(area.width, ("in force", "muted"))]
    for one in frame.wanted[: area.height // 3]:
        ready = ready_count(frame, one.container, one.region)
        rows.append(
            row(
                area.width,
                (" " * (_AGO + 2) + left(clean(one.container), container) + " ", "text"),
                (left(clean(one.region), region) + " ", "region"),
                (f"{one.instances} wanted, {ready} ready", "text" if ready == one.instances else "starting"),
                (f"   {clean(one.policy)}", "title" if one.policy == "manual" else "muted"),
            )
        )
    return rows


def ready_count(frame: Frame, container: str, region: str) -> int:
    """Return how many instances of a class are ready in a region."""
    return sum(
        one.container == container and one.state == "ready"
        for place in frame.regions
        if place.info.id == region
        for one in place.instances
    )
