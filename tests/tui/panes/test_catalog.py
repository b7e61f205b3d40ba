"""What must hold of every pane's layout, at every size."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tui.frames import NAMES, SIZES, THEMES, changed, console, frame
from tui.panes.catalog import ASIDE, BOXED, HEADER, KEYS, PROBLEMS
from tui.panes.rows import Area, View, cells
from tui.panes.widget import PaneSpec
from tui.styles import LOOKS

ALL = (*BOXED, *ASIDE, HEADER, KEYS, PROBLEMS)


def check(spec: PaneSpec, name: str, area: Area, view: View) -> None:
    rows = spec.layout(frame(name), area, view)
    assert len(rows) <= area.height
    for row in rows:
        assert cells(row.text) == area.width, (spec.id, row.text)
        assert all(style in LOOKS for _, style in row.segments), row.segments


@pytest.mark.parametrize("width", range(1, 301, 7))
@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.id)
def test_rows_are_exactly_as_wide_as_the_pane(spec: PaneSpec, width: int) -> None:
    for name in NAMES:
        for height in (1, 3, 11, 40):
            check(spec, name, Area(width, height), View())


@settings(max_examples=60, deadline=None)
@given(
    spec=st.sampled_from(ALL),
    name=st.sampled_from(NAMES),
    width=st.integers(1, 300),
    height=st.integers(1, 60),
    top=st.integers(0, 300),
    chosen=st.integers(0, 250),
)
def test_the_selected_row_is_always_on_the_screen(
    spec: PaneSpec, name: str, width: int, height: int, top: int, chosen: int
) -> None:
    keys = spec.keys(frame(name)) if spec.keys is not None else []
    selected = keys[chosen % len(keys)] if keys else ""
    view = View(selected=selected, top=top)
    check(spec, name, Area(width, height), view)
    if selected and height >= 16:
        rows = spec.layout(frame(name), Area(width, height), view)
        assert [row.key for row in rows if row.cursor]
        assert {row.key for row in rows if row.cursor} == {selected}


@pytest.mark.parametrize("spec", [*BOXED, *ASIDE], ids=lambda spec: spec.id)
def test_keys_are_unique_and_are_those_of_the_rows(spec: PaneSpec) -> None:
    assert spec.keys is not None
    keys = spec.keys(frame("busy"))
    assert len(keys) == len(set(keys))
    rows = spec.layout(frame("busy"), Area(120, 300), View())
    drawn = list(dict.fromkeys(row.key for row in rows if row.key))
    assert drawn == keys


@pytest.mark.parametrize("spec", [*BOXED, *ASIDE], ids=lambda spec: spec.id)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_an_unchanged_frame_draws_the_same_rows(spec: PaneSpec, size: tuple[int, int]) -> None:
    area = Area(*size)
    assert spec.layout(frame("busy"), area, View()) == spec.layout(frame("busy"), area, View())


def test_control_characters_from_outside_never_reach_the_screen() -> None:
    evil = changed("busy", deployment="a\x1b[2Jb\nc", url="http://\x07")
    rows = HEADER.layout(evil, Area(200, 1), View())
    assert rows[0].text.isprintable()
    assert "a·[2Jb·c" in rows[0].text


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("number", ["1", "2", "3", "4", "5"])
def test_a_zoomed_pane_looks_as_before(
    snap_compare: Callable[..., bool], number: str, size: tuple[int, int], theme: str
) -> None:
    app, _ = console("failing" if number == "4" else "busy", theme=theme)
    assert snap_compare(app, press=[number, "z", "j", "j"], terminal_size=size)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", ["failing", "busy", "empty"])
def test_the_isolates_look_as_before(
    snap_compare: Callable[..., bool], name: str, size: tuple[int, int], theme: str
) -> None:
    app, _ = console(name, theme=theme)
    assert snap_compare(app, press=["i", "j", "j"], terminal_size=size)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", ["busy", "empty"])
def test_the_decisions_look_as_before(
    snap_compare: Callable[..., bool], name: str, size: tuple[int, int], theme: str
) -> None:
    app, _ = console(name, theme=theme)
    assert snap_compare(app, press=["d", "j", "j"], terminal_size=size)
