import subprocess
import sys
from pathlib import Path

import pytest

from core.containers.drivers.process.leftovers import LedgerFile
from core.runs import STATE_VARIABLE, read_run, write_run
from tests.tui.commands.runs import GONE_PID, record
from tui.cli import main

SLEEPS = "print(flush=True); import time; time.sleep(60)"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.chdir(tmp_path)


def test_nothing_to_do_is_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down"]) == 0
    assert capsys.readouterr().out == "no deployment runs, and none was left behind\n"


def test_a_name_that_left_nothing_is_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down", "shop"]) == 0
    assert capsys.readouterr().out == "shop does not run, and left nothing behind\n"


def test_what_is_no_name_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down", "../shop"]) == 2
    assert "../shop is no deployment's name" in capsys.readouterr().err
    assert not (tmp_path / "shop").exists()


def test_what_a_killed_engine_left_is_ended_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    write_run(record("shop", GONE_PID))
    program = [sys.executable, "-c", SLEEPS]
    with subprocess.Popen(program, stdout=subprocess.PIPE, start_new_session=True) as left:
        LedgerFile("shop", "us-east").add("app-1", left.pid)
        assert left.stdout is not None
        left.stdout.readline()
        assert main(["down"]) == 0
        assert left.wait() == -9
    assert capsys.readouterr().out == "removed process app-1\n"
    assert read_run("shop") is None


def test_a_running_engine_is_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    with subprocess.Popen([sys.executable, "-c", SLEEPS], stdout=subprocess.PIPE) as engine:
        assert engine.stdout is not None
        engine.stdout.readline()
        write_run(record("shop", engine.pid))
        assert main(["down", "shop"]) == 0
        assert engine.wait() == -15
    assert capsys.readouterr().out == "stopped shop\n"


def test_containers_that_cannot_be_looked_for_are_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """The note stays, so that the next ``down`` looks again."""
    write_run(record("shop", GONE_PID, drivers=("docker",)))
    assert main(["down", "shop"]) == 1
    assert "could not look for containers" in capsys.readouterr().err
    assert read_run("shop") is not None
