"""Container memory: the history of each instance against its limit."""

from core.frames.frame import Frame, InstanceRow
from tui.panes import graphs
from tui.panes.regions import memory_style
from tui.panes.rows import Area, Row, Segment, View, clean, first_shown, left, right, row, spread, width_of
from tui.units import mebibytes, percent

_TALLEST = 10
_MOST_AT_ONE_LINE = 2
"""From this height an instance is drawn as an area over several lines."""


def keys(frame: Frame) -> list[str]:
    """Return the instances that have memory to show."""
    return [instance.instance for instance in measured(frame)]


def measured(frame: Frame) -> list[InstanceRow]:
    """Return the instances with samples, or killed for want of memory, in the order of the regions."""
    return [
        one
        for region in frame.regions
        for one in region.instances
        if one.out_of_memory or (one.memory_history_mib and one.state not in ("stopped", "failed"))
    ]


def layout(frame: Frame, area: Area, view: View) -> list[Row]:
    """Draw each instance's memory; few instances get tall graphs, many one line each."""
    instances = measured(frame)
    if not instances:
        return [row(area.width, ("No memory measured yet: no instance runs.", "muted"))][: area.height]
    each = max(1, min(_TALLEST, area.height // len(instances)))
    if each < _MOST_AT_ONE_LINE + 1:
        each = 1
    shown = max(1, area.height // each)
    names = [one.instance for one in instances]
    selected = names.index(view.selected) if view.selected in names else None
    top = first_shown(len(instances), shown, view.top, selected)
    rows: list[Row] = []
    name = min(max(len(one) for one in names), 12 if area.width >= 40 else 8)
    for instance in instances[top : top + shown]:
        drawn = _tall(instance, area.width, each) if each > 1 else [_line(instance, area.width, name)]
        chosen = instance.instance == view.selected
        rows += [drawn_row._replace(key=instance.instance, cursor=chosen) for drawn_row in drawn]
    return rows[: area.height]


def subtitle(frame: Frame) -> str:
    """Return the memory in use over all instances."""
    in_use = sum(one.memory_mib for one in measured(frame) if one.state not in ("stopped", "failed"))
    return f"{mebibytes(in_use)} in use"


def _share(instance: InstanceRow) -> float:
    return instance.memory_mib / instance.memory_limit_mib if instance.memory_limit_mib else 0.0


def _figures(instance: InstanceRow, width: int) -> list[Segment]:
    style = memory_style(instance)
    if instance.out_of_memory and instance.state in ("stopped", "failed"):
        return [(" ✗ out of memory", "error")]
    sign = "! " if style == "memory-full" else ""
    if width < 34:
        return [(right(f"{sign}{instance.memory_mib:,.0f} MiB", 10), style)]
    limit = f"{instance.memory_mib:,.0f} / {instance.memory_limit_mib:,.0f} MiB"
    return [
        (right(f"{sign}{limit}", 16 if width < 60 else 20), style if style != "memory" else "text"),
        (right(percent(_share(instance)), 6), style),
    ]


def _line(instance: InstanceRow, width: int, name: int) -> Row:
    end = _figures(instance, width)
    graph = max(width - name - 1 - width_of(end), 0)
    history = graphs.sparkline(instance.memory_history_mib, graph, instance.memory_limit_mib)
    start: list[Segment] = [
        (left(clean(instance.instance), name) + " ", "text"),
        (history, memory_style(instance)),
    ]
    return spread(width, start, end)


def _tall(instance: InstanceRow, width: int, height: int) -> list[Row]:
    title: list[Segment] = [(clean(instance.instance), "strong"), (f"  {clean(instance.region)}", "muted")]
    end = _figures(instance, width)
    room = max(width - width_of(title) - width_of(end) - 3, 0)
    word = " limit " if room >= 12 else ""
    line = "┄" * (room - len(word)) + word
    rows = [spread(width, [*title, ("  ", "text"), (line, "faint")], end)]
    lines = graphs.area(instance.memory_history_mib, width, height - 1, instance.memory_limit_mib)
    style = memory_style(instance)
    rows += [row(width, (text, style)) for text in lines]
    return rows
