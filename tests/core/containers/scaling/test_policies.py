"""What each policy needs, as tables, and its reason in a sentence."""

from typing import Any

import pytest

from core.containers.scaling.observed import Observed
from core.containers.scaling.policies import POLICIES, counted, minute_of, scheduled
from core.model.scaling import Scaling, ScheduleEntry

DAY = [
    ScheduleEntry(at="18:30", instances=1),
    ScheduleEntry(at="08:00", instances=5),
    ScheduleEntry(at="12:00", instances=9),
]


def _scaling(policy: str, **figures: Any) -> Scaling:
    return Scaling.model_validate({"policy": policy, **figures})


@pytest.mark.parametrize(
    ("scaling", "observed", "needs", "why"),
    [
        (
            _scaling("fixed", instances=3),
            Observed(2, arriving=True),
            2,
            "2 requests at once, spread over at most 3 instances",
        ),
        (
            _scaling("fixed", instances=3),
            Observed(9, arriving=True),
            3,
            "9 requests at once, spread over at most 3 instances",
        ),
        (
            _scaling("concurrency", target_concurrency=16),
            Observed(300),
            19,
            "300 requests at once need 19 instances at 16 each",
        ),
        (
            _scaling("concurrency", target_concurrency=16),
            Observed(1),
            1,
            "1 request at once needs 1 instance at 16 each",
        ),
        (
            _scaling("queue", target_queue=4),
            Observed(10),
            6,
            "10 requests at once, of which at most 4 may wait: that takes 6 instances",
        ),
        (
            _scaling("cpu", target_cpu_percent=70),
            Observed(2, cpu_percent=143.2),
            3,
            "CPU use adds up to 143 % of one instance's limit: 3 instances at 70 % each",
        ),
        (
            _scaling("schedule", schedule=DAY),
            Observed(minute=13 * 60),
            9,
            "the schedule asks for 9 instances from 12:00 UTC on",
        ),
    ],
)
def test_a_policy_needs_so_many_and_says_why(
    scaling: Scaling, observed: Observed, needs: int, why: str
) -> None:
    policy = POLICIES[scaling.policy]
    assert policy.needs(scaling, observed) == needs
    assert policy.why(scaling, observed) == why


@pytest.mark.parametrize(
    ("scaling", "observed", "why"),
    [
        (_scaling("cpu"), Observed(1), "1 request at once, and next to no CPU use"),
        (
            _scaling("queue", target_queue=4),
            Observed(2),
            "2 requests at once, of which at most 4 may wait: that takes 1 instance",
        ),
        (
            _scaling("schedule", schedule=[{"at": "18:00", "instances": 0}]),
            Observed(3),
            "3 requests at once, and the schedule asks for none at this hour",
        ),
    ],
)
def test_that_one_is_woken_for_a_request_is_explained_too(
    scaling: Scaling, observed: Observed, why: str
) -> None:
    assert POLICIES[scaling.policy].why(scaling, observed) == why


@pytest.mark.parametrize(
    ("policy", "observed"),
    [
        ("fixed", Observed(5)),
        ("concurrency", Observed(0)),
        ("queue", Observed(1)),
        ("cpu", Observed(5)),
        ("schedule", Observed(5)),
    ],
)
def test_a_policy_needs_none_where_there_is_no_reason(policy: str, observed: Observed) -> None:
    assert POLICIES[policy].needs(_scaling(policy), observed) == 0


def test_exactly_at_its_target_cpu_use_needs_no_further_instance() -> None:
    scaling = _scaling("cpu", target_cpu_percent=70)
    assert POLICIES["cpu"].needs(scaling, Observed(1, cpu_percent=70.0 + 70.0 + 1e-9)) == 2
    assert POLICIES["cpu"].needs(scaling, Observed(1, cpu_percent=140.1)) == 3


def test_what_idle_programs_use_needs_no_instance() -> None:
    assert POLICIES["cpu"].needs(_scaling("cpu", target_cpu_percent=1), Observed(cpu_percent=140.1)) == 0


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("00:00", "18:30"),
        ("07:59", "18:30"),
        ("08:00", "08:00"),
        ("11:59", "08:00"),
        ("12:00", "12:00"),
        ("18:30", "18:30"),
        ("23:59", "18:30"),
    ],
)
def test_the_entry_in_force_is_the_last_one_begun_over_midnight_too(time: str, expected: str) -> None:
    entry = scheduled(DAY, minute_of(ScheduleEntry(at=time, instances=0)))
    assert entry is not None
    assert entry.at == expected


def test_no_entry_is_in_force_without_a_schedule() -> None:
    assert scheduled([], 600) is None


def test_one_of_a_thing_is_singular() -> None:
    assert [counted(number, "request") for number in (0, 1, 2)] == ["0 requests", "1 request", "2 requests"]
