"""The recordings: what they hold, and that they can be read."""

import pytest

import tui.recordings
from tests import streams


@pytest.mark.parametrize("name", tui.recordings.NAMES)
def test_a_recording_holds_the_events_of_its_stream(name: str) -> None:
    assert tui.recordings.load(name) == getattr(streams, name)(), "run python -m tests.tui.recordings.write"


def test_an_unknown_recording_is_not_found() -> None:
    with pytest.raises(FileNotFoundError):
        tui.recordings.load("nothing")
