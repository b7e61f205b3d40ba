"""The footer."""

import pytest

from tests.tui.frames import frame
from tui.panes.keys import layout
from tui.panes.rows import Area, View


def text(width: int) -> str:
    return layout(frame("busy"), Area(width, 1), View())[0].text


def test_a_wide_footer_has_all_hints_in_the_order_of_the_table() -> None:
    drawn = text(200)
    places = [drawn.index(hint) for hint in ("? help", ": commands", "q quit", "space pause", "ctrl+k kill")]
    assert places == sorted(places)


@pytest.mark.parametrize("width", [40, 60, 80])
def test_help_and_quit_are_always_there(width: int) -> None:
    assert "? help" in text(width)
    assert "q quit" in text(width)
    assert "…" not in text(width)
