"""Graphs of characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.panes import graphs

shares = st.lists(st.floats(0, 2000, allow_nan=False), max_size=50)


@pytest.mark.parametrize(
    ("values", "width", "ceiling", "drawn"),
    [
        ((), 3, 1.0, "   "),
        ((0.0, 0.5, 1.0), 3, 1.0, "▁▅█"),
        ((1.0,), 3, 1.0, "  █"),
        ((1.0, 2.0, 3.0), 2, 3.0, "▆█"),
        ((1.0, 2.0), 2, 0.0, "▁▁"),
        ((1.0,), 0, 1.0, ""),
        ((9.0,), 1, 1.0, "█"),
    ],
)
def test_sparklines(values: tuple[float, ...], width: int, ceiling: float, drawn: str) -> None:
    assert graphs.sparkline(values, width, ceiling) == drawn


@given(shares, st.integers(0, 40), st.floats(0, 1000))
def test_a_sparkline_has_its_width(values: list[float], width: int, ceiling: float) -> None:
    assert len(graphs.sparkline(values, width, ceiling)) == width


@pytest.mark.parametrize(("share", "full"), [(0, 0), (0.001, 1), (0.5, 5), (1, 10), (7, 10), (-1, 0)])
def test_bars(share: float, full: int) -> None:
    assert graphs.bar(share, 10) == ("▰" * full, "▱" * (10 - full))


def test_an_area_grows_from_the_bottom_up_to_the_ceiling() -> None:
    assert graphs.area((0.0, 1.0, 8.0, 12.0, 16.0, 99.0), 7, 2, 16.0) == ["    ▄██", "  ▁████"]


@given(shares, st.integers(0, 40), st.integers(1, 8))
def test_an_area_has_its_size(values: list[float], width: int, height: int) -> None:
    lines = graphs.area(values, width, height, 1000.0)
    assert [len(line) for line in lines] == [width] * height


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8), st.integers(0, 60))
def test_shares_fill_the_width(parts: list[float], width: int) -> None:
    sizes = graphs.share_out(parts, width, [str(i) for i in range(len(parts))])
    assert sum(sizes) == (width if sum(parts) > 0 else 0)
    assert all(size >= 0 for size in sizes)
    if width >= 2 * len(parts) and sum(parts) > 0:
        assert all(size > 0 for size, part in zip(sizes, parts, strict=True) if part > 0)


def test_shares_are_in_proportion() -> None:
    assert graphs.share_out([1, 2, 1], 8) == [2, 4, 2]
    assert graphs.share_out([100, 1], 10, ["a", "b"]) == [9, 1]
    assert graphs.share_out([100, 1], 10) == [10, 0]
