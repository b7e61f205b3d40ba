"""The pull of an image: layers and bytes."""

import pytest

from core.events.types import PullLayer
from core.frames.frame import PullRow
from tui.panes.pulls import layer_rows, share, words
from tui.panes.rows import cells

MB = 1_000_000


def pull(*layers: PullLayer) -> PullRow:
    return PullRow("python:3.12-slim", layers)


DONE = PullLayer("a1", "done", 30 * MB, 30 * MB)
HALF = PullLayer("b2", "downloading", 5 * MB, 10 * MB)
UNPACKED = PullLayer("c3", "extracting", 5 * MB, 10 * MB)
WAITING = PullLayer("d4", "waiting", 0, 0)
EXISTS = PullLayer("e5", "exists", 0, 0)


@pytest.mark.parametrize(
    ("layers", "part"),
    [
        ((DONE,), 1.0),
        ((HALF,), 0.25),
        ((UNPACKED,), 0.75),
        ((DONE, HALF), 0.8125),
        ((WAITING, EXISTS), None),
        ((), None),
    ],
)
def test_downloading_and_unpacking_are_half_of_the_way_each(
    layers: tuple[PullLayer, ...], part: float | None
) -> None:
    assert share(pull(*layers)) == part


def test_a_layer_that_reports_more_than_its_size_is_not_more_than_done() -> None:
    assert share(pull(PullLayer("x", "extracting", 99, 10))) == 1.0


def test_layers_that_were_here_count_as_done() -> None:
    assert words(pull(DONE, HALF, EXISTS)) == "pull 2/3 layers 81 %"
    assert words(pull(DONE, HALF, EXISTS), short=True) == "pull 2/3 81 %"
    assert words(pull(WAITING)) == "pull 0/1 layer"


@pytest.mark.parametrize("width", [40, 76, 116])
def test_each_layer_has_its_line(width: int) -> None:
    rows = layer_rows(pull(DONE, HALF, UNPACKED, WAITING, EXISTS), width)
    assert all(cells(row.text) == width for row in rows)
    assert [row.text.split()[0] for row in rows[2:]] == ["a1", "b2", "c3", "d4", "e5"]


def test_a_layer_on_its_way_tells_its_bytes() -> None:
    assert "5.0 of 10.0 MB" in layer_rows(pull(HALF), 100)[2].text
    assert layer_rows(pull(), 100) == []
