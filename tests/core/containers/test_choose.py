"""The choice of instances, as tables and laws."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.containers import choose
from core.containers.choose import Way
from core.events.types import InstanceState


@dataclass(frozen=True)
class One:
    """An instance as a choice sees it."""

    number: int
    state: InstanceState
    load: int = 0
    is_leaving: bool = False


def _pool(text: str) -> list[One]:
    """Read a pool such as "ready:3 starting:1 stopped ready:2-" (a minus: it is leaving)."""
    instances = []
    for number, word in enumerate(text.split(), 1):
        state, _, load = word.partition(":")
        leaving = load.endswith("-") or state == "stopping"
        instances.append(One(number, state, int(load.rstrip("-") or 0), leaving))  # type: ignore[arg-type]
    return instances


@pytest.mark.parametrize(
    ("pool", "use", "join", "outlast"),
    [
        ("", None, None, None),
        ("stopped failed", None, None, None),
        ("starting:9", None, 1, None),
        ("ready:99", 1, None, None),
        ("ready:2 ready:1 ready:1", 2, None, None),
        ("starting:0 ready:99", 2, None, None),
        ("running:2 placed:1 creating:1", None, 2, None),
        ("stopping", None, None, 1),
        ("ready:0- ready:5", 2, None, None),
        ("ready:0- starting:5", None, 2, None),
        ("starting:0- stopping stopped", None, None, 1),
    ],
)
def test_a_request_is_given_a_way(pool: str, use: int | None, join: int | None, outlast: int | None) -> None:
    way = choose.way(_pool(pool))
    assert [one.number if one else None for one in (way.use, way.join, way.outlast)] == [use, join, outlast]


_states: st.SearchStrategy[Any] = st.sampled_from(
    ["placed", "creating", "running", "ready", "stopping", "stopped", "failed"]
)
_pools = st.lists(st.tuples(_states, st.integers(0, 20), st.booleans()), max_size=6).map(
    lambda rows: [
        One(number, state, load, leaving or state == "stopping")
        for number, (state, load, leaving) in enumerate(rows, 1)
    ]
)


@given(_pools)
def test_a_request_is_given_at_most_one_way_and_never_waits_while_one_is_ready(pool: list[One]) -> None:
    way = choose.way(pool)
    assert sum(one is not None for one in (way.use, way.join, way.outlast)) <= 1
    if choose.ready(pool):
        assert way.use == min(choose.ready(pool), key=lambda one: (one.load, one.number))
    if choose.live(pool):
        assert way != Way()


@given(_pools, st.integers(-1, 7))
def test_those_stopped_are_no_busier_than_those_that_stay(pool: list[One], count: int) -> None:
    serving = [*choose.ready(pool), *choose.starting(pool)]
    stopped = choose.to_stop(pool, count)
    assert len(stopped) == min(max(0, count), len(serving))
    staying = [one.load for one in serving if one not in stopped]
    assert max((one.load for one in stopped), default=0) <= min(staying, default=20)


def test_of_equally_busy_ones_the_youngest_is_stopped_and_one_that_is_not_ready_before() -> None:
    assert [one.number for one in choose.to_stop(_pool("ready ready ready:1 creating"), 3)] == [4, 2, 1]


def test_the_lowest_numbered_instance_that_is_down_is_woken() -> None:
    assert choose.to_wake(_pool("ready failed stopped")) == One(2, "failed")
    assert choose.to_wake(_pool("ready starting")) is None
