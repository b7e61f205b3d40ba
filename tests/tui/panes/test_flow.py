"""The flow pane as a whole."""

import msgspec

from core.events.types import Hop
from tests.tui.frames import changed, frame
from tui.panes.flow import layout, subtitle
from tui.panes.rows import Area, View


def test_the_legend_stands_at_the_bottom_where_there_is_room() -> None:
    rows = layout(frame("quiet"), Area(100, 20), View())
    assert len(rows) == 20
    assert "▓▓ measured" in rows[-1].text
    assert "measured" not in "".join(row.text for row in layout(frame("quiet"), Area(100, 15), View()))


def test_the_legend_tells_of_estimates_when_there_are_some() -> None:
    one = frame("busy").requests[-1]
    estimated = msgspec.structs.replace(
        one, trace=(Hop("visitor_to_edge", 0.0, 9.0, "estimated"), *one.trace[1:])
    )
    rows = layout(changed("busy", requests=(estimated,)), Area(100, 20), View())
    assert "estimated" in rows[-1].text
    assert "~9.0" in "".join(row.text for row in rows)


def test_the_border_says_where_requests_go_in() -> None:
    assert subtitle(frame("busy")) == "http://127.0.0.1:8787"
