"""The state folder: notes are read back as written, and a name or a number is never taken for another."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import psutil
import pytest

from core import runs
from core.runs import RunRecord


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(runs.STATE_VARIABLE, str(tmp_path / "state"))
    return tmp_path / "state"


def record(deployment: str = "shop", **changes: object) -> RunRecord:
    mine = RunRecord(
        deployment=deployment,
        pid=os.getpid(),
        process_started_s=psutil.Process().create_time(),
        folder="/somewhere/shop",
        socket=str(runs.socket_path(deployment)),
        url="http://127.0.0.1:8787",
        version="0.1.0",
        drivers=("docker", "process"),
    )
    return msgspec.structs.replace(mine, **changes)


def test_the_state_root_is_the_given_one(root: Path) -> None:
    assert runs.state_root() == root


def test_without_one_it_is_where_the_system_keeps_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(runs.STATE_VARIABLE)
    assert runs.state_root().name == "hybrid-tui"


def test_a_state_folder_is_closed_to_other_users(root: Path) -> None:
    folder = runs.state_folder("shop")
    assert folder == root / "shop"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert runs.state_folder("shop") == folder


def test_a_note_is_read_back_as_it_was_written() -> None:
    runs.write_run(record())
    assert runs.read_run("shop") == record()
    assert list(runs.all_runs()) == [record()]


def test_a_newer_note_replaces_the_older_and_leaves_no_draft(root: Path) -> None:
    runs.write_run(record(url="http://127.0.0.1:1"))
    runs.write_run(record(url="http://127.0.0.1:2"))
    noted = runs.read_run("shop")
    assert noted is not None
    assert noted.url == "http://127.0.0.1:2"
    assert [path.name for path in (root / "shop").iterdir()] == ["engine.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"deployment": "shop"}', "\0\xff"])
def test_a_note_that_cannot_be_read_is_none(text: str) -> None:
    (runs.state_folder("shop") / "engine.json").write_text(text, "latin-1")
    assert runs.read_run("shop") is None
    assert list(runs.all_runs()) == []


def test_where_nothing_ran_there_is_no_note_and_nothing_is_made(root: Path) -> None:
    assert runs.read_run("shop") is None
    assert list(runs.all_runs()) == []
    runs.remove_run("shop")
    assert not root.exists()


def test_notes_come_by_name() -> None:
    for name in ("shop", "bakery", "museum"):
        runs.write_run(record(name))
    assert [one.deployment for one in runs.all_runs()] == ["bakery", "museum", "shop"]


def test_removing_takes_note_and_socket_and_may_be_done_twice() -> None:
    runs.write_run(record())
    runs.socket_path("shop").touch()
    for _ in range(2):
        runs.remove_run("shop")
        assert runs.read_run("shop") is None
        assert not runs.socket_path("shop").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "../shop", "/shop", "a/b"])
def test_a_name_never_leads_out_of_the_state_root(name: str) -> None:
    assert runs.read_run(name) is None
    for use in (runs.state_folder, runs.socket_path, runs.remove_run):
        with pytest.raises(ValueError, match="is no deployment's name"):
            use(name)


class TestSocketPath:
    def test_it_is_beside_the_note(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        short = Path(os.path.relpath(root))
        monkeypatch.setenv(runs.STATE_VARIABLE, "state" if len(str(short)) > 60 else str(short))
        monkeypatch.chdir(root.parent)
        assert runs.socket_path("shop") == runs.state_root() / "shop" / "engine.sock"

    def test_a_long_one_is_short_elsewhere_and_closed_to_other_users(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(runs.STATE_VARIABLE, str(tmp_path / ("deep" * 30)))
        path = runs.socket_path("shop")
        assert len(os.fsencode(path)) < 100
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert runs.socket_path("shop") == path

    def test_two_state_roots_never_share_one(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        paths = set()
        for letter in "ab":
            monkeypatch.setenv(runs.STATE_VARIABLE, str(tmp_path / (letter * 120)))
            paths.add(runs.socket_path("shop"))
        assert len(paths) == 2

    def test_a_folder_of_another_user_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(runs.STATE_VARIABLE, str(tmp_path / ("deep" * 30)))
        monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
        monkeypatch.setattr("os.getuid", lambda: 4242)
        with pytest.raises(PermissionError, match="belongs to another user"):
            runs.socket_path("shop")


class TestAlive:
    def test_this_process_is(self) -> None:
        assert runs.is_alive(record())

    def test_a_reused_number_is_not(self) -> None:
        assert not runs.is_alive(record(process_started_s=record().process_started_s - 100))

    def test_one_that_ended_is_not_even_before_its_parent_has_looked(self) -> None:
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
            started_s = psutil.Process(process.pid).create_time()
            assert runs.process_lives(process.pid, started_s)
            process.kill()
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            assert not runs.process_lives(process.pid, started_s)
        assert not runs.process_lives(process.pid, started_s)
