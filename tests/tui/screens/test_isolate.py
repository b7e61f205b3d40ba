"""The page of one isolate."""

import re

import pytest

from tests.tui.frames import frame
from tui.panes.isolates import find_isolate
from tui.panes.rows import Row, cells
from tui.screens.isolate import isolate_rows


def page(name: str, number: int, width: int = 116) -> list[Row]:
    found = find_isolate(frame(name), f"isolate:{number}")
    assert found is not None
    return isolate_rows(*found, frame(name), width)


def text(rows: list[Row]) -> str:
    return "\n".join(row.text for row in rows)


@pytest.mark.parametrize("width", [20, 56, 116, 200])
@pytest.mark.parametrize("name", ["busy", "failing", "starting", "quiet"])
def test_every_page_is_exactly_as_wide_as_its_sheet(name: str, width: int) -> None:
    for one in frame(name).workers[0].isolates:
        for row in page(name, one.isolate, width):
            assert cells(row.text) == width, row.text


def test_it_tells_state_memory_and_the_last_requests() -> None:
    drawn = text(page("busy", 3))
    assert re.search(r"state +● ready for 7.9 s", drawn)
    assert re.search(r"Worker +shop  version 3", drawn)
    assert re.search(
        r"memory +42 MiB of 128 MiB  its process holds 96 MiB, the language's heap 17 MiB", drawn
    )
    assert "the last requests that it answered" in drawn
    assert re.search(r"~\d\.\d ms CPU", drawn)


def test_it_tells_why_an_isolate_failed_and_the_memory_it_had() -> None:
    drawn = text(page("failing", 1))
    assert re.search(r"state +✗ failed 28 s ago", drawn)
    assert re.search(r"why +used more than 128 MiB of memory \(131 MiB\) \(request 6f1c00e2a94d7b35\)", drawn)
    assert "█" in drawn
