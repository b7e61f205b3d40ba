"""How states look."""

from typing import Any, get_args

import msgspec
import pytest

from core.events.types import InstanceState, IsolateState
from core.frames.frame import InstanceRow
from tests.tui.frames import frame
from tui.panes.states import ISOLATE_STATES, STATES, instance_sign, region_sign, state_words


def instance(**changes: Any) -> InstanceRow:
    return msgspec.structs.replace(frame("busy").regions[0].instances[0], **changes)


def test_every_state_has_a_sign() -> None:
    assert set(STATES) == set(get_args(InstanceState))
    assert set(ISOLATE_STATES) == set(get_args(IsolateState))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "ready"}, "ready"),
        ({"state": "failed", "exit_code": 3}, "exit 3"),
        ({"state": "failed", "out_of_memory": True, "exit_code": 137}, "out of memory"),
        ({"state": "stopped", "reason": "asleep", "since_s": 56.0}, "asleep 4.0 s"),
        ({"state": "stopped", "reason": "stopped by hand", "since_s": 0.0}, "stopped 60 s"),
        ({"state": "running", "starting_phase": "boot", "starting_phase_since_s": 58.5}, "boot 1.5 s"),
        ({"state": "stopping"}, "stopping"),
    ],
)
def test_words(changes: dict[str, Any], words: str) -> None:
    assert state_words(instance(**changes), 60.0) == words


def test_colour_is_never_the_only_sign() -> None:
    glyphs = {
        state: instance_sign(instance(state=state)).glyph
        for state in ("ready", "stopped", "failed", "placed")
    }
    assert len(set(glyphs.values())) == 4
    assert len({sign.glyph for sign in ISOLATE_STATES.values()}) == len(ISOLATE_STATES)


@pytest.mark.parametrize(
    ("region_state", "instance_states", "word"),
    [
        ("unavailable", ("ready",), "unavailable"),
        ("ready", ("failed", "ready"), "ready"),
        ("ready", ("running", "stopped"), "starting"),
        ("ready", ("stopped",), "asleep"),
        ("ready", ("failed",), "failed"),
        ("ready", (), "idle"),
        ("", (), "unknown"),
    ],
)
def test_a_region_shows_its_best_instance(
    region_state: str, instance_states: tuple[InstanceState, ...], word: str
) -> None:
    instances = tuple(instance(state=state) for state in instance_states)
    region = msgspec.structs.replace(frame("busy").regions[0], state=region_state, instances=instances)
    assert region_sign(region).word == word
