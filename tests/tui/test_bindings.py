"""Bindings made from the table."""

from tui.actions import ACTIONS
from tui.bindings import bindings


def test_every_binding_carries_its_action_as_id() -> None:
    made = bindings(ACTIONS)
    assert [one.id for one in made] == [action.id for action in ACTIONS]
    assert [one.key for one in made] == [",".join(action.keys) for action in ACTIONS]


def test_only_the_walk_through_panes_goes_before_the_screen() -> None:
    assert {one.id for one in bindings(ACTIONS) if one.priority} == {"next_pane", "previous_pane"}
