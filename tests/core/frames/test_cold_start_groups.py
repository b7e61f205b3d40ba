"""Distributions of cold starts: of the start itself, apart from the queue, by class, region and policy."""

import math

from hypothesis import given
from hypothesis import strategies as st

from core.events.types import Phase
from core.frames.cold_start_groups import GROUP_SAMPLE, ColdStartGroupsFold
from tests.core.frames.events import cold_start


def queued(queue_ms: float, start_ms: float) -> dict[str, object]:
    """Return the fields of a start that waited in the queue before it began."""
    phases = (
        Phase("queue", 0.0, queue_ms, "measured"),
        Phase("boot", queue_ms, start_ms, "measured"),
        Phase("first_response", queue_ms + start_ms, 7.0, "measured"),
    )
    return {"phases": phases, "total_ms": queue_ms + start_ms}


def test_waiting_behind_other_starts_is_no_part_of_the_start() -> None:
    fold = ColdStartGroupsFold()
    for number, queue_ms in enumerate((0.0, 300.0, 900.0)):
        fold.ended(cold_start(number, f"app-{number}", **queued(queue_ms, 250.0)))
    (group,) = fold.rows()
    assert (group.p50_ms, group.p95_ms, group.worst_ms) == (250.0, 250.0, 250.0)
    assert (group.queue_p50_ms, group.queue_worst_ms) == (300.0, 900.0)


def test_each_class_region_and_policy_has_a_group_of_its_own_in_order() -> None:
    fold = ColdStartGroupsFold()
    keys = [
        ("render", "us-east", "plain"),
        ("app", "us-east", "paused"),
        ("app", "us-east", "created"),
        ("app", "us-east", "plain"),
        ("app", "eu-west", "plain"),
    ]
    for container, region, policy in keys:
        fold.ended(cold_start(1.0, "x-1", container=container, region=region, policy=policy, waited=2))
    rows = fold.rows()
    assert [(row.container, row.region, row.policy) for row in rows] == [
        ("app", "eu-west", "plain"),
        ("app", "us-east", "plain"),
        ("app", "us-east", "created"),
        ("app", "us-east", "paused"),
        ("render", "us-east", "plain"),
    ]
    assert {row.waited for row in rows} == {2}


def test_a_failed_start_is_counted_and_its_time_is_not() -> None:
    fold = ColdStartGroupsFold()
    fold.ended(cold_start(1.0, "app-1", outcome="failed", total_ms=20_000.0, waited=3))
    (group,) = fold.rows()
    assert (group.count, group.failed, group.waited) == (0, 1, 3)
    assert (group.p50_ms, group.p95_ms, group.worst_ms, group.queue_worst_ms) == (0.0, 0.0, 0.0, 0.0)


@given(st.lists(st.integers(1, 60_000), min_size=1, max_size=40), st.integers(0, 2 * GROUP_SAMPLE))
def test_percentiles_are_exact_over_the_latest_and_the_worst_is_of_all(
    latest_ms: list[int], before: int
) -> None:
    fold = ColdStartGroupsFold()
    times_ms = [90_000.0 - number for number in range(before)] + [float(one) for one in latest_ms]
    for number, total_ms in enumerate(times_ms):
        fold.ended(cold_start(number, "app-1", phases=(), total_ms=total_ms))
    (group,) = fold.rows()
    kept = sorted(times_ms[-GROUP_SAMPLE:])
    assert group.count == len(times_ms)
    assert group.worst_ms == max(times_ms)
    assert group.p50_ms == kept[math.ceil(len(kept) * 0.5) - 1]
    assert group.p95_ms == kept[math.ceil(len(kept) * 0.95) - 1]


def test_a_row_that_was_made_is_made_anew_after_another_start() -> None:
    fold = ColdStartGroupsFold()
    fold.ended(cold_start(1.0, "app-1", phases=()))
    first = fold.rows()
    assert fold.rows()[0] is first[0]
    fold.ended(cold_start(2.0, "app-2", phases=()))
    assert fold.rows()[0].count == 2


def test_a_group_with_waiting_added_on_purpose_is_emulated() -> None:
    fold = ColdStartGroupsFold()
    fold.ended(cold_start(1.0, "app-1"))
    assert fold.rows()[0].kind == "measured"
    phases = (Phase("boot", 0.0, 100.0, "measured"), Phase("delay", 100.0, 1200.0, "emulated"))
    fold.ended(cold_start(2.0, "app-2", phases=phases, total_ms=1300.0))
    assert fold.rows()[0].kind == "emulated"
