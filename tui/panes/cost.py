"""The cost meter: so far, the rate now, a month at this rate, idle share, and the lines of the bill."""

from core.frames.frame import CostLine, Frame
from tui.panes.graphs import bar, sparkline
from tui.panes.rows import Area, Row, Segment, View, cells, clean, first_shown, left, right, row, rule, spread
from tui.units import percent, usd

_IDLE_HIGH = 0.5


def keys(frame: Frame) -> list[str]:
    """Return the keys of the bill's lines."""
    return [line.item for line in frame.cost.lines]


def layout(frame: Frame, area: Area, view: View) -> list[Row]:
    """Draw the meter, then as many lines of the bill as there is room for."""
    rows = _meter(frame, area.width)
    lines = frame.cost.lines
    if lines and area.height >= len(rows) + 2:
        rows.append(rule(area.width))
        room = area.height - len(rows)
        names = keys(frame)
        selected = names.index(view.selected) if view.selected in names else None
        top = first_shown(len(lines), room, view.top, selected)
        quantity_width = max(cells(_quantity(line)) for line in lines) + 2 if area.width >= 44 else 0
        rows += [_line(line, area.width, quantity_width, view.selected) for line in lines[top : top + room]]
    return rows[: area.height]


def subtitle(frame: Frame) -> str:
    """Return the price book's name and date."""
    return clean(frame.cost.book)


def _meter(frame: Frame, width: int) -> list[Row]:
    cost = frame.cost
    graph = max(0, min(30, width - 27)) if width >= 34 else 0
    high = max(cost.rate_history_usd_per_hour, default=0.0)
    history = sparkline(cost.rate_history_usd_per_hour, graph, high)
    idle_style = "warning" if cost.idle_share >= _IDLE_HIGH else "text"
    full, empty = bar(cost.idle_share, max(0, min(14, width - 21)))
    sign = " ▲" if cost.idle_share >= _IDLE_HIGH else ""
    label = 13 if width >= 26 else 10
    return [
        _figure(width, label, "so far", [(usd(cost.so_far_usd), "cost")]),
        _figure(
            width, label, "rate now", [(f"{usd(cost.rate_usd_per_hour)} /h", "cost"), (f" {history}", "cost")]
        ),
        _figure(
            width,
            label,
            "a month" if width >= 26 else "month",
            [(f"~ {usd(cost.month_usd)}", "estimated")],
        ),
        _figure(
            width,
            label,
            "idle share" if width >= 26 else "idle",
            [(f"{percent(cost.idle_share)}{sign}", idle_style), (f" {full}", idle_style), (empty, "faint")],
        ),
    ]


def _figure(width: int, label: int, name: str, value: list[Segment]) -> Row:
    return row(width, (left(name, label) + " ", "muted"), *value)


def _line(line: CostLine, width: int, quantity_width: int, selected: str) -> Row:
    amount = right(usd(line.amount_usd), 10)
    end: list[Segment] = [(amount, "cost")]
    if quantity_width:
        end.insert(0, (right(_quantity(line), quantity_width), "text"))
    if width >= 76:
        end.insert(1, (right(f"× ${clean(line.unit_price_usd)}", 16), "muted"))
    drawn = spread(width, [(clean(line.item), "text")], end, key=line.item)
    return drawn._replace(cursor=line.item == selected)


def _quantity(line: CostLine) -> str:
    whole, _, rest = line.quantity.partition(".")
    tenths = f".{rest[:1]}" if rest and len(whole) < 4 else ""
    return f"{int(whole):,}{tenths} {clean(line.unit)}"
