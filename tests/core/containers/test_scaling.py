"""Scaling policies and the choice of instances, as tables."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.containers import choose
from core.containers.scaling import Decision, decide
from core.events.types import InstanceState
from core.model.deployment import Scaling


@dataclass(frozen=True)
class One:
    """An instance as a policy sees it."""

    number: int
    state: InstanceState
    load: int = 0


def _pool(text: str) -> list[One]:
    """Read a pool such as "ready:3 starting:1 stopped"."""
    instances = []
    for number, word in enumerate(text.split(), 1):
        state, _, load = word.partition(":")
        instances.append(One(number, state, int(load or 0)))  # type: ignore[arg-type]
    return instances


NOTHING: Decision[One] = Decision()
FIXED_1, FIXED_3 = Scaling(), Scaling(instances=3)
BUSY_4 = Scaling(policy="concurrency", target_concurrency=4)


@pytest.mark.parametrize(
    ("scaling", "pool", "start", "use", "join", "outlast"),
    [
        (FIXED_1, "", True, None, None, None),
        (FIXED_1, "starting:9", False, None, 1, None),
        (FIXED_1, "ready:99", False, 1, None, None),
        (FIXED_1, "stopped", True, None, None, None),
        (FIXED_1, "failed", True, None, None, None),
        (FIXED_1, "stopping", False, None, None, 1),
        (FIXED_3, "ready:1", True, 1, None, None),
        (FIXED_3, "ready:0", False, 1, None, None),
        (FIXED_3, "running:2 placed:1 creating:1", False, None, 2, None),
        (FIXED_3, "starting:1", True, None, None, None),
        (FIXED_3, "starting:0", False, None, 1, None),
        (FIXED_3, "ready:2 ready:1 ready:1", False, 2, None, None),
        (BUSY_4, "", True, None, None, None),
        (BUSY_4, "ready:3", False, 1, None, None),
        (BUSY_4, "ready:4", True, 1, None, None),
        (BUSY_4, "ready:9 starting:0", False, 1, None, None),
        (BUSY_4, "starting:40", False, None, 1, None),
        (BUSY_4, "ready:5 ready:4", True, 2, None, None),
        (BUSY_4, "stopping", True, None, None, None),
    ],
)
def test_a_policy_decides(
    scaling: Scaling, pool: str, start: bool, use: int | None, join: int | None, outlast: int | None
) -> None:
    decision = decide(scaling, _pool(pool), lambda: True)
    assert decision.start is start
    assert _number(decision.use) == use
    assert _number(decision.join) == join
    assert _number(decision.outlast) == outlast


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        ("", NOTHING),
        ("stopped", NOTHING),
        ("stopping", Decision(outlast=One(1, "stopping"))),
        ("ready:50", Decision(use=One(1, "ready", 50))),
    ],
)
def test_without_room_a_request_is_served_by_what_there_is_or_refused(
    pool: str, expected: Decision[One]
) -> None:
    assert decide(BUSY_4, _pool(pool), lambda: False) == expected


def _number(one: One | None) -> int | None:
    return one.number if one else None


_states: st.SearchStrategy[Any] = st.sampled_from(
    ["placed", "creating", "running", "ready", "stopping", "stopped", "failed"]
)
_pools = st.lists(st.tuples(_states, st.integers(0, 20)), max_size=6).map(
    lambda rows: [One(number, state, load) for number, (state, load) in enumerate(rows, 1)]
)


@given(_pools, st.sampled_from([FIXED_1, FIXED_3, BUSY_4]), st.booleans())
def test_a_request_is_given_at_most_one_way_and_never_waits_while_one_is_ready(
    pool: list[One], scaling: Scaling, room: bool
) -> None:
    decision = decide(scaling, pool, lambda: room)
    ways = [decision.use, decision.join, decision.outlast]
    assert sum(way is not None for way in ways) <= 1
    if choose.ready(pool):
        assert decision.use == min(choose.ready(pool), key=lambda one: (one.load, one.number))
    assert room or not decision.start
    if scaling.policy == "fixed" and decision.start:
        assert choose.live(pool) < scaling.instances


def test_the_lowest_numbered_instance_that_is_down_is_woken() -> None:
    assert choose.to_wake(_pool("ready failed stopped")) == One(2, "failed")
    assert choose.to_wake(_pool("ready starting")) is None
