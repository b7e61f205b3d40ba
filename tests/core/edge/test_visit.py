import asyncio

import pytest

from core.edge.visit import Visit
from core.edge.visitor import default_place, visitor_finder
from core.events.types import Outcome
from core.worker.runtime import CpuTime

VISITOR = visitor_finder(default_place("Tokyo", ()))(None)


def visit(status: int = 200) -> Visit:
    """Make a visit that arrived 10 s into the run and is answered with ``status``."""
    made = Visit("ab" * 8, "GET", "/", VISITOR, 10.0)
    made.status = status
    return made


def test_a_visit_ends_once() -> None:
    one = visit()
    assert one.end(10.5)
    assert not one.end(99.0)
    assert one.duration_ms == pytest.approx(500)


@pytest.mark.parametrize(
    ("status", "reached", "outcome"),
    [
        (200, False, "edge"),
        (404, False, "edge"),
        (200, True, "container"),
        (404, True, "container"),
        (500, False, "error"),
        (503, True, "error"),
    ],
)
def test_the_outcome_says_who_answered_unless_it_is_an_error(
    status: int, reached: bool, outcome: Outcome
) -> None:
    one = visit(status)
    one.container_reached = reached
    assert one.outcome() == outcome


def test_a_cancelled_reader_is_a_visitor_who_left() -> None:
    one = visit()
    one.note_failure(asyncio.CancelledError())
    assert one.outcome() == "canceled"


def test_a_visitor_who_has_received_every_announced_byte_has_not_left() -> None:
    one = visit()
    one.expected_bytes = 3
    one.count_response_bytes(2)
    one.count_response_bytes(1)
    one.note_leaving()
    assert one.outcome() == "edge"


def test_a_failure_keeps_the_reason_that_is_known_already() -> None:
    one = visit()
    one.error = "the container's answer broke off"
    one.note_failure(ConnectionResetError("gone"))
    assert (one.outcome(), one.error) == ("error", "the container's answer broke off")


def test_the_event_of_a_visitor_who_left_has_the_status_for_it() -> None:
    one = visit(200)
    one.left = True
    one.end(10.25)
    event = one.as_event(10.3, CpuTime(1.23456, "measured"))
    assert (event.status, event.outcome) == (499, "canceled")
    assert (event.time_s, event.start_s, event.duration_ms) == (10.3, 10.0, 250.0)
    assert event.worker_cpu_ms == 1.235
