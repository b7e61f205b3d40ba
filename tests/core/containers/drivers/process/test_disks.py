"""The disks of local processes."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.containers.drivers.process.disks import (
    make_disk,
    remove_all_disks,
    remove_dead_disks,
    remove_own_disks,
    used_bytes,
)
from core.containers.drivers.process.leftovers import started_s
from core.runs import STATE_VARIABLE
from tests.core.containers.drivers.process import programs
from tests.core.containers.drivers.process.conftest import Running

ME = os.getpid(), started_s(os.getpid())
DEAD = 2**22 + 1, 1.0
"""A process number that no Linux gives."""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the state in a folder of the test's own."""
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    return tmp_path


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["", "a", "a/b"]), st.integers(0, 5000)), max_size=8))
def test_a_disk_uses_what_its_files_hold(files: list[tuple[str, int]]) -> None:
    disk = make_disk("shop", "us-east", "app-1", ME)
    for number, (folder, size) in enumerate(files):
        (disk / folder).mkdir(parents=True, exist_ok=True)
        (disk / folder / f"file{number}").write_bytes(bytes(size))
    assert used_bytes(disk) == sum(size for _, size in files)


def test_a_file_with_two_names_counts_once_and_a_link_is_not_followed() -> None:
    disk = make_disk("shop", "us-east", "app-1", ME)
    (disk / "one").write_bytes(bytes(100))
    (disk / "two").hardlink_to(disk / "one")
    (disk / "out").symlink_to("/proc/version")
    assert used_bytes(disk) == 100 + len("/proc/version")


def test_two_lives_of_an_instance_have_two_disks() -> None:
    assert make_disk("shop", "us-east", "app-1", ME) != make_disk("shop", "us-east", "app-1", ME)


def test_disks_of_an_engine_that_is_no_more_are_removed_and_those_of_a_living_one_stay() -> None:
    dead, mine = make_disk("shop", "us-east", "app-1", DEAD), make_disk("shop", "us-east", "app-1", ME)
    other_region = make_disk("shop", "us-east-2", "app-1", DEAD)
    assert remove_dead_disks("shop", "us-east") == ["app-1"]
    assert [one.exists() for one in (dead, mine, other_region)] == [False, True, True]
    remove_own_disks("shop", "us-east", ME)
    assert not mine.exists()
    remove_all_disks("shop")
    assert not other_region.exists()


def test_where_there_is_no_disk_there_is_nothing_to_remove() -> None:
    remove_dead_disks("shop", "us-east")
    remove_all_disks("shop")


def files_below(folder: Path) -> list[Path]:
    """Return all files in a folder and those below."""
    return [one for one in folder.rglob("*") if one.is_file()]


async def test_the_end_of_an_instance_tells_what_it_lost_and_nothing_of_it_is_left(
    running: Running, state: Path
) -> None:
    writes = "open(os.path.join(os.environ['TMPDIR'], 'upload'), 'wb').write(bytes(5000))"
    async with running(programs.server(on_get=writes)) as rig:
        assert (await rig.get())[0] == 200
        rig.fleet.act("stop", "app-1")
        await rig.seen.until_state("app-1", "stopped")
        assert rig.seen.last("app-1").lost_disk_bytes == 5000
    assert not files_below(state)


async def test_a_program_that_fails_at_once_tells_what_it_lost_too(running: Running) -> None:
    code = "import os; open(os.environ['TMPDIR'] + '/half', 'wb').write(bytes(70)); raise SystemExit(3)"
    async with running(programs.python(code)) as rig:
        await rig.get()
        assert (rig.seen.last("app-1").state, rig.seen.last("app-1").lost_disk_bytes) == ("failed", 70)


async def test_where_a_class_says_where_temporary_files_belong_nothing_is_measured(
    running: Running, tmp_path: Path
) -> None:
    async with running(programs.server(), env={"TMPDIR": str(tmp_path)}) as rig:
        await rig.get()
        rig.fleet.act("stop", "app-1")
        await rig.seen.until_state("app-1", "stopped")
        assert rig.seen.last("app-1").lost_disk_bytes is None
    assert rig.seen.last("app-1").exit_code is not None
