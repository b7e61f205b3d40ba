"""An engine killed with -9 in any state of an instance leaves nothing that the next one does not clear."""

from pathlib import Path

import pytest

from tests.end_to_end.killed_states import CASES, State, bench_for, try_case

DOCKER_STATES = [state for driver, state in CASES if driver == "docker"]
PROCESS_STATES = [state for driver, state in CASES if driver == "process"]
WITH_A_CONTAINER: set[State] = {"creating", "starting", "running", "ready", "stopping"}


@pytest.mark.parametrize("state", DOCKER_STATES)
async def test_what_is_left_on_the_docker_engine_is_cleared_by_the_next_engine(
    tmp_path: Path, docker_engine: str, busybox_image: str, deployment: str, state: State
) -> None:
    async with bench_for(deployment, "docker", state, tmp_path, docker_engine) as bench:
        row = await try_case(bench)
    assert f"network hybrid-tui.{deployment}.us-east" in row.left
    assert (f"container hybrid-tui.{deployment}.app-1" in row.left) == (state in WITH_A_CONTAINER)
    assert sum(one.startswith("container") for one in row.left) == (state != "pulling")
    assert sorted(row.removed) == sorted(row.left)
    assert row.status == 200
    assert row.left_after_down == []


@pytest.mark.parametrize("state", PROCESS_STATES)
async def test_no_process_outlives_its_engine_and_its_disk_is_cleared_by_the_next_one(
    tmp_path: Path, deployment: str, state: State
) -> None:
    async with bench_for(deployment, "process", state, tmp_path, "") as bench:
        row = await try_case(bench)
    assert row.left == row.removed == ["disk of app-1"]
    assert row.status == 200
    assert row.left_after_down == []
