"""The table of requests."""

from typing import Any

import msgspec
import pytest

from core.frames.frame import RequestRow
from tests.tui.frames import changed, frame
from tui.panes.requests import keys, place, status_style, table, words
from tui.panes.rows import View


def request(**changes: Any) -> RequestRow:
    return msgspec.structs.replace(frame("busy").requests[-1], **changes)


def test_the_newest_request_comes_first() -> None:
    rows = table(frame("busy"), 120, 20, View())
    assert [row.key for row in rows[1:]] == keys(frame("busy"))[:19]
    assert rows[1].key == frame("busy").requests[-1].trace_id


def test_a_row_tells_who_what_and_how_long() -> None:
    one = changed("starting", requests=frame("starting").requests[:1])
    (text,) = (row.text for row in table(one, 120, 20, View()) if row.key)
    for part in ("NRT", "GET", " / ", "200", "us-east", "175 + 655 + 23 ms", "cold"):
        assert part in text, part
    assert text.index("░") < text.index("▒") < text.rindex("▓")


@pytest.mark.parametrize("width", [40, 46, 57, 72, 95, 140])
def test_time_and_status_are_there_at_every_width(width: int) -> None:
    for row in table(frame("failing"), width, 30, View())[1:]:
        assert " ms" in row.text or " s" in row.text
        assert "200" in row.text or "503" in row.text


def test_without_requests_it_says_where_to_send_one() -> None:
    (row,) = table(changed("busy", requests=()), 60, 5, View())
    assert "http://127.0.0.1:8787" in row.text
    (row,) = table(frame("empty"), 60, 5, View())
    assert row.text.startswith("No request yet.")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"outcome": "canceled"}, "left"),
        ({"outcome": "error"}, "error"),
        ({"outcome": "error", "status": 503, "error_code": 1102}, "1102"),
        ({"outcome": "container", "status": 502}, "error"),
        ({"outcome": "container", "cold_wait_ms": 10.0, "region_rtt_ms": 120.0}, "cold"),
        ({"outcome": "container", "cold_wait_ms": 0.0, "region_rtt_ms": 120.0}, "far"),
        ({"outcome": "edge", "cold_wait_ms": 0.0, "region_rtt_ms": 0.0}, ""),
    ],
)
def test_one_word_explains(changes: dict[str, Any], word: str) -> None:
    assert words(request(**{"status": 200, **changes}))[0] == word


def test_who_answered() -> None:
    assert place(request(region="eu-west"))[0] == "eu-west"
    assert place(request(region="", outcome="edge"))[0] == "edge"
    assert place(request(region="", outcome="error"))[0] == "-"


@pytest.mark.parametrize(("status", "style"), [(200, "ok"), (304, "muted"), (404, "warning"), (503, "error")])
def test_statuses_have_styles(status: int, style: str) -> None:
    assert status_style(status) == style
