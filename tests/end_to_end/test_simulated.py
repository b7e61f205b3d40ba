"""A simulated run is a function of its seed."""

import os
import subprocess
from pathlib import Path

import pytest

from core.events.codec import decode
from core.events.types import ColdStart, EngineStarted, EngineStopped, RequestFinished
from core.templates import template_folder
from tests.end_to_end.running import COMMAND, environment


def simulated(state: Path, hash_seed: int, *options: str) -> bytes:
    """Run the flask template for ten virtual minutes, and return what it prints."""
    done = subprocess.run(
        [*COMMAND, "up", str(template_folder("flask")), "--driver", "simulated", "--headless", "--json",
         "--for", "10m", *options],
        env={**environment(state), "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (simulated(tmp_path / str(run), run, "--seed", "1") for run in (1, 2))
    assert first == second
    assert len(first.splitlines()) > 1000


def test_another_seed_gives_another_run(tmp_path: Path) -> None:
    assert simulated(tmp_path, 0, "--seed", "1") != simulated(tmp_path, 0, "--seed", "2")


def test_a_simulated_run_tells_the_whole_story_and_says_that_it_is_emulated(tmp_path: Path) -> None:
    events = [decode(line) for line in simulated(tmp_path, 0, "--seed", "3").splitlines()]
    assert isinstance(events[0], EngineStarted)
    assert isinstance(events[-1], EngineStopped)
    assert {region.driver for region in events[0].regions} == {"simulated"}
    starts = [event for event in events if isinstance(event, ColdStart)]
    assert starts
    assert {phase.kind for start in starts for phase in start.phases} == {"emulated"}
    requests = [event for event in events if isinstance(event, RequestFinished)]
    assert {request.outcome for request in requests} == {"edge", "container"}
    assert {hop.kind for request in requests for hop in request.trace if hop.name == "container"} == {
        "emulated"
    }
    assert [event.time_s for event in events] == sorted(event.time_s for event in events)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system with Unix processes")
def test_nothing_is_left_in_the_state_folder(tmp_path: Path) -> None:
    simulated(tmp_path, 0, "--seed", "1")
    assert not list(tmp_path.rglob("engine.json"))
