"""The table of actions: nothing twice, nothing missing."""

from collections import Counter

import pytest

from tui.actions import ACTIONS, CONTEXTS, Action, actions_in, key_name, keys_of, markdown_table
from tui.app import Console
from tui.panes.keys import _ORDER
from tui.screens.dashboard import DashboardScreen
from tui.screens.sheet import Sheet


def test_no_id_is_there_twice() -> None:
    assert max(Counter(action.id for action in ACTIONS).values()) == 1


def test_no_key_does_two_things_on_the_dashboard() -> None:
    keys = Counter(key for action in actions_in("everywhere", "dashboard", "instance") for key in action.keys)
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_is_carried_out_by_its_screen(action: Action) -> None:
    owner = {"everywhere": Console, "sheet": Sheet}.get(action.context, DashboardScreen)
    assert hasattr(owner, f"action_{action.id.partition('(')[0]}")


def test_every_danger_says_that_it_asks() -> None:
    dangers = [action for action in ACTIONS if action.danger]
    assert {action.id for action in dangers} == {"stop_instance", "restart_instance", "kill_instance"}
    assert all("asks first" in action.help for action in dangers)


def test_every_hint_has_its_rank_in_the_footer() -> None:
    assert {action.id for action in ACTIONS if action.hint} == set(_ORDER)


def test_the_markdown_table_has_every_action_and_key() -> None:
    lines = markdown_table().splitlines()
    assert len(lines) == len(ACTIONS) + 2
    assert "| `?` `F1` | everywhere | **Help.** Show all keys, and what the glyphs mean. |" in lines
    assert all(line.count("|") == 4 for line in lines)


def test_keys_read_as_a_person_calls_them() -> None:
    assert key_name("question_mark") == "?"
    assert keys_of(ACTIONS[0]) == "?  F1"
    assert set(CONTEXTS) == {action.context for action in ACTIONS}
