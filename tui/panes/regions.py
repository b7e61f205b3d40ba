"""Regions and instances: a tree with state, memory and rate, and what is wanted of each class."""

from core.frames.frame import Frame, InstanceRow, RegionRow, ScalingRow
from tui.panes import pulls
from tui.panes.decisions import change, ready_count
from tui.panes.graphs import bar, sparkline
from tui.panes.rows import (
    Area,
    Row,
    Segment,
    View,
    cells,
    clean,
    first_shown,
    left,
    right,
    row,
    spread,
    width_of,
)
from tui.panes.states import instance_sign, is_starting, region_sign, state_words
from tui.units import duration_s, mebibytes, per_second

REGION_KEY = "region:"
_WIDE = 70
_SHORT = 56
_REASONED = 100
_GRAPH = 40
_STATE = 13
_STARTING_BAR_S = 10.0
"""The bar of a start under way fills over this time; longer starts keep it full."""


def keys(frame: Frame) -> list[str]:
    """Return the keys of all rows, in order."""
    return [key for key, _ in _items(frame)]


def layout(frame: Frame, area: Area, view: View) -> list[Row]:
    """Draw the regions, each with its instances under it; a wide pane tells the decisions in force too."""
    items = _items(frame, with_decisions=area.width >= _WIDE)
    if not items:
        return _empty(frame, area)
    names = [key for key, _ in items]
    selected = names.index(view.selected) if view.selected and view.selected in names else None
    name = _name_width(frame)
    header = [_column_titles(area.width, name)] if area.width >= _WIDE and area.height > 4 else []
    height = area.height - len(header)
    top = first_shown(len(items), height, _place_of(view.top, names), selected)
    rows = list(header)
    for key, item in items[top : top + height]:
        drawn = _row(item, area.width, frame, name)
        rows.append(drawn._replace(key=key, cursor=bool(key) and key == view.selected))
    return rows


def _row(item: RegionRow | InstanceRow | ScalingRow, width: int, frame: Frame, name: int) -> Row:
    if isinstance(item, RegionRow):
        return _region(item, width, frame)
    if isinstance(item, ScalingRow):
        return _decision(item, width, frame, name)
    return _instance(item, width, frame, name)


def _place_of(top: int, names: list[str]) -> int:
    """Return the line of the item that is ``top`` among those that can be selected."""
    places = [place for place, name in enumerate(names) if name]
    return places[min(top, len(places) - 1)] if top > 0 and places else 0


def subtitle(frame: Frame) -> str:
    """Return the number of instances that are ready and that may be."""
    ready = sum(1 for region in frame.regions for one in region.instances if one.state == "ready")
    most = sum(container.max_instances for container in frame.containers)
    return f"{ready} ready of {most}" if most else f"{ready} ready"


def _items(
    frame: Frame, *, with_decisions: bool = False
) -> list[tuple[str, RegionRow | InstanceRow | ScalingRow]]:
    """Return what is shown, in order, each with its key; a decision cannot be selected."""
    items: list[tuple[str, RegionRow | InstanceRow | ScalingRow]] = []
    for region in frame.regions:
        items.append((REGION_KEY + region.info.id, region))
        if with_decisions:
            items.extend(("", one) for one in frame.wanted if one.region == region.info.id)
        items.extend((instance.instance, instance) for instance in region.instances)
    return items


def _empty(frame: Frame, area: Area) -> list[Row]:
    text = "No regions yet: the engine is starting." if frame.state == "starting" else "No regions."
    return [row(area.width, (text, "muted"))][: area.height]


def _name_width(frame: Frame) -> int:
    longest = max((len(one.instance) for region in frame.regions for one in region.instances), default=6)
    return max(8, min(longest, 14))


def _region(region: RegionRow, width: int, frame: Frame) -> Row:
    sign = region_sign(region)
    start: list[Segment] = [(sign.glyph + " ", sign.style), (clean(region.info.id), "strong")]
    driver: list[Segment] = [(f" {region.info.driver} ", "driver")] if width >= 36 else []
    if region.state == "unavailable":
        start.append((f"  {sign.word}", "error"))
        return spread(width, start, driver)
    ready = sum(1 for one in region.instances if one.state == "ready")
    wanted = ready + sum(_missing(one, frame) for one in frame.wanted if one.region == region.info.id)
    prepared = sum(one.prepared for one in frame.standbys if one.region == region.info.id)
    words = f"{ready} ready" if ready else sign.word
    if wanted != ready and (ready or wanted > 0):
        words = f"{ready}/{wanted} ready"
    rate = (right(per_second(region.requests_per_second), 7), "rate")
    standing = f" +{prepared} prepared" if width >= _WIDE else f" +{prepared}"
    end = [
        *driver,
        (f" {words}", "text" if ready else sign.style),
        (standing if prepared else "", "title"),
        rate,
    ]
    city = f"  {clean(region.info.city)}"
    if width_of([*start, *end]) + cells(city) <= width:
        start.append((city, "muted"))
    return spread(width, start, end)


def _missing(decision: ScalingRow, frame: Frame) -> int:
    """Return how many instances are wanted more than are ready; less than 0 where some are too many."""
    return decision.instances - ready_count(frame, decision.container, decision.region)


def _decision(decision: ScalingRow, width: int, frame: Frame, name: int) -> Row:
    """Draw what is wanted of a class in a region, under which policy, and why since when."""
    ready = ready_count(frame, decision.container, decision.region)
    words, style = change(decision)
    return row(
        width,
        ("    ", "text"),
        (left(clean(decision.container), name) + " ", "muted"),
        (
            left(f"{decision.instances} wanted, {ready} ready", 20),
            "muted" if ready == decision.instances else "starting",
        ),
        (left(f" {clean(decision.policy)}", 13), "title" if decision.policy == "manual" else "muted"),
        (f" {words}  " if width >= _REASONED else " ", style),
        (f"{duration_s(frame.time_s - decision.time_s)} ago: " if width >= _REASONED else "", "muted"),
        (clean(decision.reason), "muted"),
    )


def _column_titles(width: int, name: int) -> Row:
    start = [(f"    {left('instance', name)} {left('state', _STATE)}", "muted")]
    graph = _graph_width(width, name)
    end = " " * graph + "".join(right(*one) for one in _columns(width))
    return spread(width, start, [(end, "muted")])


def _columns(width: int) -> list[tuple[str, int]]:
    age = [("for", 8)] if width >= 84 else []
    return [("memory", 9), ("limit", 9), ("cpu", 7), *age, ("rate", 8)]


def _graph_width(width: int, name: int) -> int:
    if width >= _WIDE:
        return max(0, min(40, width - name - _STATE - 5 - sum(size for _, size in _columns(width)) - 2))
    return max(0, min(14, width - name - 27)) if width >= _GRAPH - 4 else 0


def _instance(instance: InstanceRow, width: int, frame: Frame, name: int) -> Row:
    sign = instance_sign(instance)
    words = state_words(instance, frame.time_s)
    if is_starting(instance) and instance.pull is not None and width < _SHORT:
        words = pulls.words(instance.pull, short=True)
    start: list[Segment] = [
        ("  " if width >= 28 else "", "text"),
        (sign.glyph + " ", sign.style),
        (left(clean(instance.instance), name) + " ", "text"),
    ]
    if is_starting(instance):
        return spread(width, [*start, (words, sign.style)], _starting_end(instance, width, frame))
    if instance.state in ("stopped", "stopping", "failed"):
        told = not instance.reason or instance.reason in words
        reason = f"  {clean(instance.reason)}" if not told and width >= _GRAPH else ""
        return row(width, *start, (words, sign.style), (reason, "muted"))
    end = _figures(instance, width, name, frame)
    room = width - width_of(start) - width_of(end)
    return spread(width, [*start, (words if len(words) <= room else "", sign.style)], end)


def _starting_end(instance: InstanceRow, width: int, frame: Frame) -> list[Segment]:
    end: list[Segment] = []
    share = pulls.share(instance.pull) if instance.pull is not None else None
    if width >= 46 and share is not None:
        full, empty = bar(share, 8)
        end += [(" " + full, "starting"), (empty, "faint")]
    elif width >= 36 and instance.pull is None:
        elapsed_s = frame.time_s - instance.since_s
        full, empty = bar(min(elapsed_s / _STARTING_BAR_S, 1.0), 6)
        end += [(" " + full, "starting"), (empty, "faint")]
    if instance.waiting:
        end.append((f" {instance.waiting} waiting" if width >= 28 else f" {instance.waiting} w.", "cold"))
    return end


def memory_style(instance: InstanceRow) -> str:
    """Return the style for an instance's memory: by its share of the limit."""
    share = instance.memory_mib / instance.memory_limit_mib if instance.memory_limit_mib else 0.0
    return "memory-full" if share >= 0.95 else "memory-hot" if share >= 0.8 else "memory"


def _figures(instance: InstanceRow, width: int, name: int, frame: Frame) -> list[Segment]:
    style = memory_style(instance)
    graph = _graph_width(width, name)
    history = sparkline(instance.memory_history_mib, graph, instance.memory_limit_mib)
    rate = (right(per_second(instance.requests_per_second), 8 if width >= _WIDE else 7), "rate")
    memory = (right(mebibytes(instance.memory_mib), 9), style if style != "memory" else "text")
    if width < _WIDE:
        return [memory, (f" {history}" if graph else "", style), rate]
    age = (right(duration_s(frame.time_s - instance.since_s), 8) if width >= 84 else "", "muted")
    limit = (right(mebibytes(instance.memory_limit_mib), 9), "muted")
    return [(history, style), memory, limit, (right(f"{instance.cpu_percent:.0f} %", 7), "text"), age, rate]
