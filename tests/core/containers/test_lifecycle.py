"""The table of states."""

from typing import get_args

import pytest

from core.containers.lifecycle import (
    DOWN_STATES,
    FIRST_STATE,
    STARTING_STATES,
    TRANSITIONS,
    ForbiddenTransition,
    check_transition,
)
from core.events.types import InstanceState

STATES: tuple[InstanceState, ...] = get_args(InstanceState)


def test_every_state_has_a_row_and_a_way_out() -> None:
    assert set(TRANSITIONS) == set(STATES)
    assert all(TRANSITIONS[state] for state in STATES)


def test_every_live_state_can_be_stopped_or_fail() -> None:
    for state in set(STATES) - DOWN_STATES - {"stopping"}:
        assert {"stopping", "failed"} <= TRANSITIONS[state]


def test_only_an_instance_that_is_down_can_be_placed() -> None:
    assert {state for state in STATES if FIRST_STATE in TRANSITIONS[state]} == DOWN_STATES


@pytest.mark.parametrize("state", sorted(STARTING_STATES))
def test_a_starting_instance_does_not_stop_without_stopping(state: InstanceState) -> None:
    with pytest.raises(ForbiddenTransition, match="app-1"):
        check_transition("app-1", state, "stopped")


def test_a_new_instance_begins_as_placed() -> None:
    check_transition("app-1", None, "placed")
    with pytest.raises(ForbiddenTransition):
        check_transition("app-1", None, "ready")
