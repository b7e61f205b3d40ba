"""The last requests are kept with their traces, and those that fell out are counted."""

from core.events.types import Hop
from core.frames.frame import RECENT_REQUESTS, RequestRow
from core.frames.requests import RequestsFold
from tests.core.frames.events import request, to_container


def test_a_row_says_what_the_event_said() -> None:
    fold = RequestsFold()
    trace = (Hop("edge", 0.0, 5.0, "measured", "FRA"), Hop("worker", 0.2, 4.0, "measured", "shop"))
    event = to_container(3.0, status=503, error="no instance", cold_wait_ms=12.0, trace=trace)
    fold.request(event)
    (row,) = fold.rows()
    for name in RequestRow.__struct_fields__:
        assert getattr(row, name) == getattr(event, name)


def test_rows_come_in_order_and_the_oldest_go_first() -> None:
    fold = RequestsFold()
    for number in range(RECENT_REQUESTS + 30):
        fold.request(request(number, trace_id=f"{number}"))
    assert fold.dropped == 30
    assert [row.trace_id for row in fold.rows()] == [f"{n}" for n in range(30, RECENT_REQUESTS + 30)]


def test_rows_are_made_once_until_another_request_comes() -> None:
    fold = RequestsFold()
    assert fold.rows() == ()
    fold.request(request(1.0))
    rows = fold.rows()
    assert fold.rows() is rows
    fold.request(request(2.0))
    assert len(fold.rows()) == 2
