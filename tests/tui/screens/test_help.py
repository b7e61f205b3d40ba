"""The help page."""

from collections.abc import Callable

import pytest

from tests.tui.frames import THEMES, console
from tui.actions import ACTIONS, keys_of
from tui.panes.rows import cells
from tui.screens.help import draw


def test_every_key_is_explained() -> None:
    text = "\n".join(row.text for row in draw(120))
    for action in ACTIONS:
        assert keys_of(action) in text
        assert action.help in text


@pytest.mark.parametrize("width", [36, 60, 100])
def test_nothing_is_cut_at_any_width(width: int) -> None:
    for row in draw(width):
        assert cells(row.text) == width
        assert "…" not in row.text


@pytest.mark.parametrize("theme", THEMES)
def test_help_looks_as_before(snap_compare: Callable[..., bool], theme: str) -> None:
    app, _ = console("busy", theme=theme)
    assert snap_compare(app, press=["question_mark"], terminal_size=(120, 36))
