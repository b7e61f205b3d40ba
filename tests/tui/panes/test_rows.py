"""Rows: exact widths, whatever the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.panes import rows

segments = st.lists(
    st.tuples(st.text(max_size=12).map(rows.clean), st.sampled_from(["text", "ok"])), max_size=6
)


@given(segments, st.integers(1, 40))
def test_fitting_gives_exactly_the_width(parts: list[rows.Segment], width: int) -> None:
    assert rows.width_of(rows.fit(parts, width)) == width


@given(segments, segments, st.integers(1, 60))
def test_spreading_gives_exactly_the_width(
    start: list[rows.Segment], end: list[rows.Segment], width: int
) -> None:
    assert rows.cells(rows.spread(width, start, end).text) == width


@given(st.text(max_size=30).map(rows.clean), st.integers(0, 20))
def test_texts_are_cut_and_filled_to_the_width(text: str, width: int) -> None:
    assert rows.cells(rows.left(text, width)) == width
    assert rows.cells(rows.right(text, width)) == width


@given(st.text(max_size=30))
def test_clean_text_can_be_printed(text: str) -> None:
    assert rows.clean(text).isprintable()


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("path", 4, "path"),
        ("path", 3, "pa…"),
        ("path", 1, "…"),
        ("path", 0, ""),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
    ],
)
def test_a_cut_is_marked(text: str, width: int, shown: str) -> None:
    assert rows.cut(text, width) == shown


def test_neighbours_of_one_style_become_one() -> None:
    assert rows.fit([("a", "ok"), ("b", "ok"), ("c", "text")], 4) == (("ab", "ok"), ("c ", "text"))


@given(st.integers(1, 50), st.integers(1, 20), st.integers(0, 60), st.integers(0, 49))
def test_the_window_is_full_and_holds_the_selected(count: int, height: int, top: int, index: int) -> None:
    selected = index % count
    first = rows.first_shown(count, height, top, selected)
    assert first <= selected < first + height
    assert first == 0 or first + height <= count


def test_groups_flow_into_as_many_rows_as_they_need() -> None:
    groups = [[("aaaa", "ok")], [("bbbb", "ok")], [("cccc", "ok")]]
    assert [row.text for row in rows.flowed(10, groups)] == ["  aaaabbbb", "  cccc    "]
