"""The flow: totals of the run, rates and percentiles of the last ten seconds, decaying with time alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events.types import Hop, RequestFinished
from core.frames.flow import FlowFold, is_error, worker_own_ms
from core.frames.frame import HISTORY_SAMPLES
from tests.core.frames.events import request, to_container


def fold_of(*events: RequestFinished) -> FlowFold:
    fold = FlowFold()
    for event in events:
        fold.request(event)
    return fold


@pytest.mark.parametrize(
    ("outcome", "status", "error"),
    [
        ("edge", 200, False),
        ("edge", 404, False),
        ("edge", 500, True),
        ("container", 502, True),
        ("canceled", 200, False),
        ("error", 400, True),
    ],
)
def test_an_error_is_not_the_visitors_own(outcome: str, status: int, error: bool) -> None:
    assert is_error(request(1.0, outcome=outcome, status=status)) is error


def worker_trace(*sub_requests: tuple[float, float]) -> tuple[Hop, ...]:
    front = (Hop("edge", 0.0, 110.0, "measured"), Hop("worker", 1.0, 100.0, "measured"))
    hops = (
        Hop("container", start_ms, duration_ms, "measured", "app-1", number)
        for number, (start_ms, duration_ms) in enumerate(sub_requests, 1)
    )
    return (*front, *hops)


@pytest.mark.parametrize(
    ("sub_requests", "own_ms"),
    [
        ((), 100.0),
        (((10.0, 30.0),), 70.0),
        (((10.0, 30.0), (50.0, 20.0)), 50.0),
        (((10.0, 30.0), (20.0, 30.0)), 60.0),
        (((10.0, 50.0), (20.0, 5.0)), 50.0),
        (((0.0, 500.0),), 0.0),
    ],
    ids=["none", "one", "one after the other", "overlapping", "one within the other", "longer than all"],
)
def test_the_workers_own_time_leaves_out_its_sub_requests(
    sub_requests: tuple[tuple[float, float], ...], own_ms: float
) -> None:
    assert worker_own_ms(worker_trace(*sub_requests)) == pytest.approx(own_ms)


def test_a_trace_without_a_worker_has_no_time_of_its_own() -> None:
    assert worker_own_ms((Hop("edge", 0.0, 1.0, "measured"),)) is None


def test_rates_are_of_the_last_ten_seconds_and_totals_of_the_run() -> None:
    old = [request(float(number)) for number in range(10)]
    new = [to_container(20.0 + number / 10, cold_wait_ms=5.0 * (number == 0)) for number in range(20)]
    failed = [request(22.0, outcome="error", status=503)]
    totals = fold_of(*old, *new, *failed).totals(24.0, since_s=0.0)
    assert (totals.requests_total, totals.errors_total) == (31, 1)
    assert totals.requests_per_second == pytest.approx(21 / 9, abs=0.001)
    assert totals.errors_per_second == pytest.approx(1 / 9, abs=0.001)
    assert totals.container_answers_per_second == pytest.approx(20 / 9, abs=0.001)
    assert totals.edge_answers_per_second == 0.0
    assert totals.cold_waits_per_second == pytest.approx(1 / 9, abs=0.001)


def test_everything_of_the_window_is_gone_when_it_has_passed() -> None:
    fold = fold_of(*(request(number / 10) for number in range(50)))
    assert fold.totals(5.0, 0.0).requests_per_second == 10.0
    later = fold.totals(15.0, 0.0)
    assert (later.requests_per_second, later.p50_ms, later.p95_ms, later.worker_cpu_mean_ms) == (0, 0, 0, 0)
    assert later.edge_locations == ()
    assert (later.requests_total, later.rate_history[:6]) == (50, (10.0,) * 5 + (0.0,))


@given(st.lists(st.floats(0, 300), max_size=80))
def test_the_history_has_one_figure_for_each_whole_second(times_s: list[float]) -> None:
    in_order = sorted(times_s)
    history = fold_of(*(request(time_s) for time_s in in_order)).totals(300.5, 0.0).rate_history
    assert len(history) == HISTORY_SAMPLES
    wanted = [sum(int(one) == second for one in in_order) for second in range(300 - HISTORY_SAMPLES, 300)]
    assert history == tuple(map(float, wanted))


def test_a_young_run_has_a_short_history() -> None:
    assert fold_of(request(100.5)).totals(103.2, since_s=100.1).rate_history == (1.0, 0.0, 0.0)


def test_worker_figures_are_of_those_requests_that_it_worked_for() -> None:
    fold = fold_of(
        request(1.0, worker_cpu_ms=3.0, trace=worker_trace((10.0, 30.0))),
        request(1.1, worker_cpu_ms=1.0, trace=worker_trace()),
    )
    totals = fold.totals(2.0, 0.0)
    assert (totals.worker_p50_ms, totals.worker_cpu_mean_ms) == (70.0, 2.0)


def test_edge_locations_come_by_traffic_and_carry_their_city() -> None:
    fold = fold_of(
        *(request(1.0, edge_location="NRT", city="Yokohama") for _ in range(3)),
        request(1.0, edge_location="FRA", city="Mainz"),
        request(1.0, edge_location="???", city="Atlantis"),
    )
    rows = fold.totals(2.0, 0.0).edge_locations
    assert [(row.code, row.city) for row in rows] == [
        ("NRT", "Tokyo"),
        ("???", "Atlantis"),
        ("FRA", "Frankfurt"),
    ]
    assert [row.requests_per_second for row in rows] == [1.5, 0.5, 0.5]


def test_a_mean_cpu_time_is_estimated_where_any_of_it_was_shared_out() -> None:
    fold = FlowFold()
    fold.request(request(1.0, worker_cpu_ms=1.0))
    fold.request(request(1.0, worker_cpu_ms=0.0, worker_cpu_kind="estimated"))
    assert fold.totals(1.0, 0.0).worker_cpu_kind == "measured"
    fold.request(request(1.0, worker_cpu_ms=2.0, worker_cpu_kind="estimated"))
    assert fold.totals(1.0, 0.0).worker_cpu_kind == "estimated"
    assert fold.totals(30.0, 0.0).worker_cpu_kind == "measured"
