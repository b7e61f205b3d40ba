"""A Worker's row is told by all of its isolates, and stays bounded."""

from typing import get_args

import pytest

from core.events.types import AnyEvent, IsolateState
from core.frames.fold import FrameFold
from core.frames.frame import HISTORY_SAMPLES, WorkerRow
from core.frames.workers import ENDED_ROWS, FAILED_SHOWN_S, MOST_ISOLATES, STOPPED_SHOWN_S
from tests.core.frames.events import isolate, isolate_sample, request


def row(*events: AnyEvent, now_s: float = 0.0) -> WorkerRow:
    fold = FrameFold()
    for event in events:
        fold.apply(event)
    (found,) = fold.frame(now_s).workers
    return found


def test_an_isolate_that_starts_is_ready_after_its_start() -> None:
    starting = isolate(1.0, 1, "starting")
    assert row(starting).state == "starting"
    found = row(starting, isolate(1.1, 1, "ready"))
    (one,) = found.isolates
    assert (found.runtime, found.version, found.state, found.start_ms) == ("deno", 1, "ready", 46.0)
    assert (one.isolate, one.state, one.since_s, one.start_ms) == (1, "ready", 1.1, 46.0)


@pytest.mark.parametrize("other", get_args(IsolateState))
def test_a_worker_with_a_ready_isolate_is_ready(other: IsolateState) -> None:
    assert row(isolate(1.0, 1, "ready"), isolate(2.0, 2, other)).state == "ready"


@pytest.mark.parametrize(
    ("states", "best"),
    [
        (("stalled", "starting"), "stalled"),
        (("starting", "draining"), "starting"),
        (("draining", "failed"), "draining"),
        (("stopped", "failed"), "failed"),
        (("failed", "stopped"), "stopped"),
    ],
)
def test_without_a_ready_isolate_the_best_counts_and_of_ended_ones_the_last(
    states: tuple[IsolateState, ...], best: str
) -> None:
    events = [isolate(1.0 + n, n, state, message=f"{state}!") for n, state in enumerate(states, 1)]
    found = row(*events)
    assert (found.state, found.message) == (best, f"{best}!")


def test_a_failed_load_leaves_the_old_version_serving() -> None:
    found = row(
        isolate(1.0, 1, "ready"),
        isolate(5.0, 2, "starting", version=2),
        isolate(5.1, 2, "failed", version=2, message="worker.ts:3:9: Unexpected token"),
    )
    assert (found.state, found.version, found.reloads, found.restarts) == ("ready", 1, 0, 0)
    assert [(one.isolate, one.state) for one in found.isolates] == [(2, "failed"), (1, "ready")]


def test_a_reload_counts_once_for_all_isolates_of_its_version() -> None:
    found = row(
        isolate(1.0, 1, "ready"),
        isolate(7.0, 2, "ready", version=2),
        isolate(8.0, 3, "ready", version=2),
    )
    assert (found.version, found.reloads, found.reloaded_s) == (2, 1, 7.0)


def test_an_isolate_that_fails_after_it_was_ready_is_a_restart_once() -> None:
    found = row(
        isolate(1.0, 1, "ready"),
        isolate(9.0, 1, "failed", message="used more than 128 MiB"),
        isolate(9.0, 1, "failed", message="used more than 128 MiB"),
        isolate(9.1, 2, "ready"),
    )
    assert found.restarts == 1
    assert found.isolates[1].message == "used more than 128 MiB"


def test_an_isolate_that_fails_while_it_drains_is_no_restart() -> None:
    found = row(isolate(1.0, 1, "ready"), isolate(2.0, 1, "draining"), isolate(3.0, 1, "failed"))
    assert found.restarts == 0


def test_an_isolate_that_stalls_and_comes_back_is_no_restart() -> None:
    found = row(isolate(1.0, 1, "ready"), isolate(2.0, 1, "stalled"), isolate(3.0, 1, "ready"))
    assert (found.restarts, found.isolates[0].state) == (0, "ready")


def test_samples_give_memory_cpu_and_what_is_in_flight() -> None:
    events: list[AnyEvent] = [isolate(1.0, 1, "ready")]
    events += (isolate_sample(2.0 + n, 1, memory_mib=n) for n in range(200))
    (one,) = row(*events).isolates
    assert (one.memory_mib, one.memory_limit_mib, one.heap_mib) == (199, 128.0, 12.0)
    assert (one.cpu_percent, one.in_flight) == (14.0, 2)
    assert one.memory_history_mib == tuple(range(200 - HISTORY_SAMPLES, 200))


def test_an_old_sample_no_longer_says_what_the_isolate_does_now() -> None:
    (one,) = row(isolate(1.0, 1, "ready"), isolate_sample(2.0, 1), now_s=30.0).isolates
    assert (one.cpu_percent, one.in_flight, one.memory_mib) == (0.0, 0, 40.0)


def test_an_isolate_that_was_killed_keeps_the_memory_it_had() -> None:
    (one,) = row(isolate(1.0, 1, "ready"), isolate_sample(2.0, 1), isolate(2.1, 1, "failed")).isolates
    assert (one.memory_mib, one.memory_history_mib, one.in_flight) == (40.0, (40.0,), 0)


def test_ended_isolates_leave_after_a_while_failed_ones_later() -> None:
    events = (isolate(1.0, 1, "stopped"), isolate(1.0, 2, "failed"), isolate(2.0, 3, "ready"))
    assert [one.isolate for one in row(*events, now_s=2.0).isolates] == [3, 2, 1]
    assert [one.isolate for one in row(*events, now_s=1.1 + STOPPED_SHOWN_S).isolates] == [3, 2]
    assert [one.isolate for one in row(*events, now_s=1.1 + FAILED_SHOWN_S).isolates] == [3]


def test_hundreds_of_isolates_leave_a_bounded_number_of_rows() -> None:
    ended = [isolate(n / 10, n, "failed") for n in range(500)]
    assert [one.isolate for one in row(*ended).isolates] == list(range(499, 499 - ENDED_ROWS, -1))
    alive = [isolate(n / 10, n, "draining") for n in range(500)]
    assert len(row(*alive).isolates) == MOST_ISOLATES


def test_requests_count_for_the_isolate_that_answered() -> None:
    found = row(
        isolate(1.0, 1, "ready"),
        isolate(1.0, 2, "ready"),
        *(request(2.0, isolate=number) for number in (1, 2, 2, 9)),
    )
    assert [(one.isolate, one.requests) for one in found.isolates] == [(2, 2), (1, 1)]


def test_the_last_failure_of_each_kind_is_kept_and_all_are_counted() -> None:
    found = row(
        isolate(1.0, 1, "ready"),
        request(2.0, status=500, error_code=1101, path="/a", isolate=1),
        request(3.0, status=500, error_code=1101, path="/b", error="TypeError: no price", isolate=1),
        request(4.0, status=503, error_code=1102, path="/hog"),
        request(5.0, status=503, error="no instance"),
    )
    told = [(one.code, one.count, one.path, one.time_s, one.message) for one in found.failures]
    assert told == [(1101, 2, "/b", 3.0, "TypeError: no price"), (1102, 1, "/hog", 4.0, "")]


def test_a_worker_without_isolate_numbers_keeps_the_time_of_its_start() -> None:
    found = row(
        isolate(1.0, 0, "starting"), isolate(1.1, 0, "ready"), isolate(70.0, 0, "failed", message="oh")
    )
    assert (found.state, found.message, found.start_ms) == ("failed", "oh", 46.0)
