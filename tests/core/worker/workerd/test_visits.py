"""A request is under way until its answer and its late work have ended."""

import pytest

from core.worker.workerd.cpu import CpuMeter
from core.worker.workerd.visits import Visits


@pytest.fixture
def visits() -> Visits:
    return Visits(CpuMeter(lambda: 0.0))


def test_without_late_work_the_answer_is_the_end(visits: Visits) -> None:
    visit = visits.begin("t")
    assert visits.under_way == 1
    visit.answered()
    visit.answered()
    assert visits.under_way == 0
    assert visit.cpu_time is not None


async def test_late_work_keeps_it_under_way(visits: Visits) -> None:
    visit = visits.begin("t")
    visit.goes_on()
    visit.answered()
    assert visits.under_way == 1
    visits.late_work_ended("other")
    assert visits.under_way == 1
    visits.late_work_ended("t")
    assert visits.under_way == 0


def test_late_work_may_end_before_the_answer(visits: Visits) -> None:
    visit = visits.begin("t")
    visit.goes_on()
    visits.late_work_ended("t")
    assert visits.under_way == 1
    visit.answered()
    assert visits.under_way == 0


async def test_the_end_of_the_isolate_ends_all(visits: Visits) -> None:
    for trace_id in ("a", "b"):
        visit = visits.begin(trace_id)
        visit.goes_on()
        visit.answered()
    visits.end_all()
    assert visits.under_way == 0
