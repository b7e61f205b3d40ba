"""The header line."""

import pytest

from tests.tui.frames import changed, frame
from tui.panes.header import layout
from tui.panes.rows import Area, View


def text(width: int, view: View | None = None, name: str = "busy") -> str:
    return layout(frame(name), Area(width, 1), view or View())[0].text


def test_a_wide_header_has_everything() -> None:
    drawn = text(200)
    for part in ("shop", "ga", "3 regions", "20 of 28 instances", "http://127.0.0.1:8787"):
        assert part in drawn, part
    for part in ("41 req/s", "p50 15 ms", "p95 141 ms", "0.2 % errors", "$0.563/h"):
        assert part in drawn, part


@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_most_important_figures_go_last(width: int) -> None:
    drawn = text(width)
    for part in ("shop", "41 req/s", "errors", "p95"):
        assert part in drawn, part


def test_states_are_told() -> None:
    assert "paused" in text(80, View(paused=True))
    assert "no engine" in text(80, View(banner=("gone", "wait")))
    assert "starting" in text(80, name="empty")
    assert "stopped" in layout(changed("busy", state="stopped"), Area(80, 1), View())[0].text


@pytest.mark.parametrize(
    ("scale", "words"), [(1.0, ""), (0.0, "distance off"), (2.0, "distance x2"), (0.5, "distance x0.5")]
)
def test_a_distance_that_is_not_real_is_told(scale: float, words: str) -> None:
    drawn = layout(changed("busy", latency_scale=scale), Area(80, 1), View())[0].text
    assert words in drawn
    assert ("distance" in drawn) == bool(words)


def test_one_region_is_not_plural() -> None:
    one = changed("busy", regions=frame("busy").regions[:1])
    assert "1 region " in layout(one, Area(200, 1), View())[0].text
