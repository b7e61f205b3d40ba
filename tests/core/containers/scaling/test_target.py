"""Bounds, cool-down and sleep: laws over all policies, and the sentences."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.containers.scaling.observed import Observed, Target
from core.containers.scaling.target import Rule, ceiling, next_target, reason_for
from core.model.scaling import Scaling

_scalings = st.builds(
    lambda policy, floor, cool_down: Scaling.model_validate(
        {
            "policy": policy,
            "instances": 5,
            "target_concurrency": 4,
            "min_instances": floor,
            "cool_down": cool_down,
            "schedule": [{"at": "08:00", "instances": 6}, {"at": "20:00", "instances": 0}],
        }
    ),
    st.sampled_from(["fixed", "concurrency", "cpu", "queue", "schedule"]),
    st.integers(0, 3),
    st.sampled_from([0.0, 30.0]),
)
_rules = st.builds(Rule, _scalings, st.one_of(st.none(), st.integers(0, 8)))
_observations = st.builds(
    Observed,
    requests=st.integers(0, 400),
    arriving=st.booleans(),
    serving=st.integers(0, 20),
    live=st.integers(0, 20),
    ended=st.integers(0, 5),
    cpu_percent=st.floats(0, 2000),
    minute=st.integers(0, 1439),
)
_targets = st.builds(Target, st.integers(0, 20), st.floats(0, 100), st.integers(0, 20))
_ceilings = st.integers(0, 20)


@given(_rules, _observations, _targets, _ceilings, st.floats(100, 200))
def test_what_is_wanted_stays_within_its_bounds(
    rule: Rule, observed: Observed, before: Target, most: int, now_s: float
) -> None:
    after = next_target(rule, observed, before, most, now_s)
    assert min(rule.floor(observed.minute), most) <= after.instances <= most
    if observed.requests and most:
        assert after.instances >= 1


@given(_rules, _observations, _targets, _ceilings, st.integers(0, 300), st.floats(0, 1000))
def test_more_load_never_makes_it_want_less(
    rule: Rule, observed: Observed, before: Target, most: int, requests: int, cpu_percent: float
) -> None:
    busier = replace(
        observed, requests=observed.requests + requests, cpu_percent=observed.cpu_percent + cpu_percent
    )
    at_this, at_more = (next_target(rule, one, before, most, 150.0) for one in (observed, busier))
    assert at_more.instances >= at_this.instances


@given(_rules, _observations, _targets, _ceilings)
def test_under_constant_load_it_goes_up_at_most_once_and_then_down_at_most_once(
    rule: Rule, observed: Observed, before: Target, most: int
) -> None:
    """No flapping: instances follow what is wanted, the load stays, and the number comes to rest."""
    wanted = [before.instances]
    target = before
    for second in range(100, 220):
        there = target.instances
        steady = replace(observed, serving=there, live=there, ended=0)
        target = next_target(rule, steady, target, most, float(second))
        wanted.append(target.instances)
    changes = [after - one for one, after in pairwise(wanted) if after != one]
    assert len(changes) <= 2
    assert changes[1:] == [] or changes[1] < 0
    assert len(set(wanted[-60:])) == 1


@given(_scalings, st.lists(st.integers(0, 100), min_size=1, max_size=40))
def test_none_is_taken_away_within_the_cool_down_of_a_moment_that_needed_it(
    scaling: Scaling, loads: list[int]
) -> None:
    rule = Rule(scaling.model_copy(update={"policy": "concurrency", "cool_down": 30.0, "min_instances": 0}))
    target, needed = Target(), []
    for second, load in enumerate(loads):
        observed = Observed(load, serving=target.instances, live=target.instances)
        needed.append(rule.needs(observed))
        target = next_target(rule, observed, target, 1000, float(second))
        assert target.instances >= max(needed[-30:])


def test_the_worst_moment_of_the_cool_down_counts() -> None:
    rule = Rule(Scaling(policy="concurrency", target_concurrency=1, cool_down=30.0))
    target = Target(10, 0.0)
    for second, load in ((1, 3), (10, 7), (29, 2), (31, 2)):
        target = next_target(rule, Observed(load, serving=10, live=10), target, 20, float(second))
    assert target.instances == 7


@pytest.mark.parametrize("policy", ["fixed", "concurrency", "cpu", "queue"])
def test_the_last_one_is_left_to_its_sleep_and_gone_with_it(policy: str) -> None:
    rule = Rule(Scaling.model_validate({"policy": policy, "cool_down": 0}))
    up = next_target(rule, Observed(serving=1, live=1), Target(1), 20, 1000.0)
    assert up.instances == 1
    assert next_target(rule, Observed(ended=1), up, 20, 1001.0).instances == 0


def test_fixed_takes_none_away_however_calm_it_is() -> None:
    rule = Rule(Scaling(instances=3, cool_down=0.0))
    target = next_target(rule, Observed(serving=3, live=3), Target(3), 20, 1000.0)
    assert target.instances == 3


def test_instances_still_to_come_are_not_taken_for_ended() -> None:
    rule = Rule(Scaling(instances=8))
    target = next_target(rule, Observed(8, serving=4, live=4), Target(8), 20, 1.0)
    assert target.instances == 8


@pytest.mark.parametrize(
    ("per_region", "elsewhere", "expected"), [(0, 0, 20), (0, 15, 5), (0, 30, 0), (4, 0, 4), (4, 18, 2)]
)
def test_the_ceiling_is_the_lower_of_class_and_region(per_region: int, elsewhere: int, expected: int) -> None:
    assert ceiling(Scaling(max_instances_per_region=per_region), 20, elsewhere) == expected


CROWDED = Scaling(policy="concurrency", target_concurrency=16)
SCHEDULE = Scaling.model_validate(
    {"policy": "schedule", "schedule": [{"at": "08:00", "instances": 4}, {"at": "20:00", "instances": 2}]}
)


@pytest.mark.parametrize(
    ("rule", "observed", "before", "most", "now_s", "instances", "reason"),
    [
        (Rule(CROWDED), Observed(1), 0, 20, 0, 1, "1 request at once needs 1 instance at 16 each"),
        (
            Rule(CROWDED),
            Observed(300),
            1,
            12,
            0,
            12,
            "300 requests at once need 19 instances at 16 each; no more than 12 may run here "
            "(max_instances, over all regions)",
        ),
        (
            Rule(CROWDED.model_copy(update={"max_instances_per_region": 3})),
            Observed(300),
            1,
            3,
            0,
            3,
            "300 requests at once need 19 instances at 16 each; no more than 3 may run here "
            "(max_instances_per_region)",
        ),
        (
            Rule(CROWDED),
            Observed(300, serving=12, live=12),
            12,
            9,
            0,
            9,
            "no more than 9 may run here now (max_instances, over all regions)",
        ),
        (Rule(CROWDED), Observed(17, live=9), 9, 20, 31, 2, "for 30 s no more than 2 were needed"),
        (
            Rule(CROWDED),
            Observed(live=9),
            9,
            20,
            31,
            1,
            "for 30 s no more than 1 was needed; the last one is left to sleep_after",
        ),
        (
            Rule(CROWDED),
            Observed(ended=1, why_ended="asleep: no request for 20 s"),
            1,
            20,
            31,
            0,
            "asleep: no request for 20 s",
        ),
        (
            Rule(CROWDED),
            Observed(ended=3, why_ended="asleep: no request for 20 s"),
            3,
            20,
            0,
            0,
            "3 instances ended; the last one: asleep: no request for 20 s",
        ),
        (
            Rule(Scaling(min_instances=2)),
            Observed(),
            0,
            20,
            0,
            2,
            "2 are kept running at least (min_instances)",
        ),
        (Rule(CROWDED, 5), Observed(300), 1, 20, 0, 5, "a person asked for 5"),
        (Rule(CROWDED, 0), Observed(2), 0, 20, 0, 1, "2 requests at once"),
        (
            Rule(SCHEDULE),
            Observed(live=4, minute=1200),
            4,
            20,
            0,
            2,
            "the schedule asks for 2 instances from 20:00 UTC on",
        ),
    ],
)
def test_a_decision_has_its_reason(
    rule: Rule, observed: Observed, before: int, most: int, now_s: int, instances: int, reason: str
) -> None:
    target = Target(before)
    after = next_target(rule, observed, target, most, float(now_s))
    assert after.instances == instances
    assert reason_for(rule, observed, target, after, most) == reason


def test_the_name_in_events_is_manual_while_a_persons_number_is_in_force() -> None:
    rules: list[Any] = [Rule(CROWDED), Rule(CROWDED, 0)]
    assert [rule.policy for rule in rules] == ["concurrency", "manual"]
