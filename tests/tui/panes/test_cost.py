"""The cost meter."""

import msgspec

from tests.tui.frames import changed, frame
from tui.panes.cost import keys, layout, subtitle
from tui.panes.rows import Area, View
from tui.units import usd


def text(width: int, height: int, name: str = "busy") -> str:
    return "\n".join(row.text for row in layout(frame(name), Area(width, height), View()))


def test_the_meter_tells_the_four_figures() -> None:
    drawn = text(30, 4)
    cost = frame("busy").cost
    assert f"so far        {usd(cost.so_far_usd)}" in drawn
    assert f"{usd(cost.rate_usd_per_hour)} /h" in drawn
    assert f"~ {usd(cost.month_usd)}" in drawn
    assert "99 % ▲" in drawn


def test_a_wide_pane_shows_quantities_and_prices() -> None:
    drawn = text(100, 20)
    line = frame("busy").cost.lines[0]
    assert line.item in drawn
    assert "requests" in drawn
    assert f"× ${line.unit_price_usd}" in drawn


def test_idle_containers_are_marked_beyond_half() -> None:
    cost = msgspec.structs.replace(frame("busy").cost, idle_share=0.2)
    rows = layout(changed("busy", cost=cost), Area(40, 4), View())
    assert "20 %" in rows[3].text
    assert "▲" not in rows[3].text


def test_lines_scroll_to_the_selected_one() -> None:
    last = keys(frame("busy"))[-1]
    rows = layout(frame("busy"), Area(40, 9), View(selected=last))
    assert rows[-1].key == last
    assert rows[-1].cursor


def test_the_border_names_the_price_book() -> None:
    assert subtitle(frame("busy")) == frame("busy").cost.book
