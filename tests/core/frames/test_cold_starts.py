"""Cold starts: growing while under way, whole when they have ended, totals of all that succeeded."""

import math

from hypothesis import given
from hypothesis import strategies as st

from core.events.types import ColdStartWaiting, Phase
from core.frames.cold_starts import ColdStartsFold
from core.frames.frame import RECENT_COLD_STARTS, ColdStartRow, PhaseProgress
from tests.core.frames.events import PHASES, changed, cold_start, phase


def only(fold: ColdStartsFold, now_s: float) -> ColdStartRow:
    (row,) = fold.rows(now_s)
    return row


def test_a_start_under_way_grows_phase_by_phase() -> None:
    fold = ColdStartsFold()
    fold.changed(changed(1.0, "app-1", "placed"))
    assert (only(fold, 1.25).total_ms, only(fold, 1.25).phases, only(fold, 1.25).current) == (250.0, (), None)
    fold.phase(phase(1.25, "app-1", "image", "41 of 127 MB"))
    fold.phase(phase(1.75, "app-1", "create"))
    fold.waiting(ColdStartWaiting(time_s=1.8, instance="app-1", waiting=2))
    row = only(fold, 2.0)
    assert row.phases == (Phase("image", 250.0, 500.0, "measured"),)
    assert row.current == PhaseProgress("create", 1.75)
    assert (row.total_ms, row.waited, row.outcome, row.detail) == (1000.0, 2, "starting", "")


def test_a_phase_that_tells_its_progress_goes_on() -> None:
    fold = ColdStartsFold()
    fold.changed(changed(1.0, "app-1", "placed"))
    fold.phase(phase(1.0, "app-1", "image", "1 of 9 MB"))
    fold.phase(phase(1.5, "app-1", "image", "5 of 9 MB"))
    row = only(fold, 2.0)
    assert (row.phases, row.current, row.detail) == ((), PhaseProgress("image", 1.0), "5 of 9 MB")


def test_an_ended_start_is_as_its_event_said() -> None:
    fold = ColdStartsFold()
    fold.changed(changed(1.0, "app-1", "placed"))
    fold.phase(phase(1.0, "app-1", "create"))
    fold.ended(cold_start(1.24, "app-1", waited=4))
    row = only(fold, 60.0)
    assert (row.outcome, row.total_ms, row.phases, row.waited, row.current) == (
        "ready",
        240.0,
        PHASES,
        4,
        None,
    )


def test_an_instance_that_ends_is_not_starting_any_more() -> None:
    fold = ColdStartsFold()
    for name, state in (("app-1", "stopped"), ("app-2", "failed")):
        fold.changed(changed(1.0, name, "placed"))
        fold.changed(changed(2.0, name, state))  # type: ignore[arg-type]
    assert fold.rows(3.0) == ()


def test_a_start_again_counts_from_its_own_beginning() -> None:
    fold = ColdStartsFold()
    fold.changed(changed(1.0, "app-1", "placed"))
    fold.phase(phase(1.1, "app-1", "boot"))
    fold.changed(changed(5.0, "app-1", "placed"))
    assert (only(fold, 5.5).start_s, only(fold, 5.5).current) == (5.0, None)


def test_those_under_way_come_last_by_their_start() -> None:
    fold = ColdStartsFold()
    fold.changed(changed(3.0, "app-3", "placed"))
    fold.changed(changed(2.0, "app-2", "placed"))
    fold.ended(cold_start(4.0, "app-1"))
    assert [row.instance for row in fold.rows(5.0)] == ["app-1", "app-2", "app-3"]


def test_phases_of_a_simulated_start_are_emulated() -> None:
    fold = ColdStartsFold()
    fold.changed(changed(1.0, "app-1", "placed", driver="simulated"))
    fold.phase(phase(1.0, "app-1", "create"))
    fold.phase(phase(2.0, "app-1", "start"))
    assert [one.kind for one in only(fold, 3.0).phases] == ["emulated"]


def test_waiting_added_on_purpose_is_emulated_even_while_the_start_goes_on() -> None:
    fold = ColdStartsFold()
    fold.changed(changed(1.0, "app-1", "placed"))
    for at_s, name in ((1.0, "boot"), (1.2, "delay"), (2.5, "first_response")):
        fold.phase(phase(at_s, "app-1", name))  # type: ignore[arg-type]
    kinds = [(one.name, one.kind) for one in only(fold, 3.0).phases]
    assert kinds == [("boot", "measured"), ("delay", "emulated")]


def test_an_ended_start_says_by_which_policy_it_was() -> None:
    fold = ColdStartsFold()
    fold.ended(cold_start(1.24, "app-1", policy="paused"))
    assert only(fold, 60.0).policy == "paused"


def test_a_stream_read_from_its_middle_shows_the_start_that_it_meets() -> None:
    fold = ColdStartsFold()
    fold.phase(phase(7.0, "app-1", "boot"))
    assert (only(fold, 7.5).driver, only(fold, 7.5).start_s) == ("docker", 7.0)


@given(st.lists(st.tuples(st.floats(0, 1e5), st.booleans(), st.integers(0, 9)), max_size=80))
def test_totals_are_of_all_that_succeeded(starts: list[tuple[float, bool, int]]) -> None:
    fold = ColdStartsFold()
    for number, (total_ms, good, waited) in enumerate(starts):
        outcome = "ready" if good else "failed"
        fold.ended(cold_start(number, f"app-{number}", total_ms=total_ms, outcome=outcome, waited=waited))
    totals = fold.totals()
    good_ms = sorted(total_ms for total_ms, good, _ in starts if good)
    assert (totals.count, totals.failed) == (len(good_ms), len(starts) - len(good_ms))
    assert totals.waited_total == sum(waited for _, _, waited in starts)
    assert totals.worst_ms == max(good_ms, default=0.0)
    if good_ms:
        assert totals.p50_ms == good_ms[math.ceil(len(good_ms) / 2) - 1]
        assert totals.p95_ms == good_ms[math.ceil(len(good_ms) * 0.95) - 1]
    assert fold.dropped == max(len(starts) - RECENT_COLD_STARTS, 0)
    assert len(fold.rows(100.0)) == min(len(starts), RECENT_COLD_STARTS)
