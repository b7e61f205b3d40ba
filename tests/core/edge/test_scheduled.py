"""A cron trigger run by hand, at the path of the platform's own tools."""

import pytest

from core.clock import VIRTUAL_EPOCH, VirtualClock
from core.edge.scheduled import SCHEDULED_PATH, asked_schedule
from core.http.messages import Request
from core.worker.runtime import Scheduled, WorkerFailed
from tests.core.edge.world import World, hello

EPOCH_MS = int(VIRTUAL_EPOCH.timestamp() * 1000)


@pytest.mark.parametrize(
    ("query", "event"),
    [
        ("?cron=*/5+*+*+*+*&time=1700000000000", Scheduled("*/5 * * * *", 1_700_000_000_000)),
        ("?cron=*%2F5%20*%20*%20*%20*", Scheduled("*/5 * * * *", EPOCH_MS)),
        ("?time=soon", Scheduled("", EPOCH_MS)),
        ("", Scheduled("", EPOCH_MS)),
    ],
)
def test_the_path_asks_for_a_trigger_at_a_time_or_now(query: str, event: Scheduled) -> None:
    assert asked_schedule(Request("GET", SCHEDULED_PATH + query), VirtualClock()) == event


def test_any_other_path_is_the_worker_s() -> None:
    assert asked_schedule(Request("GET", "/cdn-cgi/handler/other"), VirtualClock()) is None


def test_a_run_is_answered_with_how_it_went_and_has_an_event() -> None:
    world = World(hello)
    assert world.visit(target=f"{SCHEDULED_PATH}?cron=x&time=5") == (200, b"ok")
    assert world.runtime.noticed == [Scheduled("x", 5)]
    assert world.runtime.seen == []
    assert [hop.name for hop in world.last.trace] == ["visitor_to_edge", "edge", "worker"]


def test_a_run_that_fails_keeps_the_reason_to_the_console() -> None:
    def fail() -> bool:
        raise WorkerFailed("worker.ts:3: the secret reason")

    world = World(hello)
    world.runtime.on_scheduled = fail
    assert world.visit(target=SCHEDULED_PATH) == (500, b"exception")
    assert (world.last.error, world.last.error_code) == ("worker.ts:3: the secret reason", 1101)


def test_a_worker_without_a_handler_is_told() -> None:
    world = World(hello)
    world.runtime.on_scheduled = lambda: False
    assert world.visit(target=SCHEDULED_PATH) == (500, b"exception")
    assert "no scheduled() handler" in world.last.error
