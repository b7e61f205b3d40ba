import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

from core.events.codec import decode
from core.runs import STATE_VARIABLE, all_runs
from core.templates.write import write_project

COMMAND = (sys.executable, "-m", "tui.cli")
OTHER_SCREEN = b"\x1b[?1049h"
ENOUGH_S = 30.0


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_project("static", tmp_path / "shop")
    return tmp_path / "shop"


def simulated(project: Path, *options: str) -> "subprocess.CompletedProcess[bytes]":
    words = (*COMMAND, "up", str(project), "--driver", "simulated", "--for", "30s", *options)
    return subprocess.run(words, capture_output=True, check=False, timeout=ENOUGH_S * 2)


def test_without_a_console_every_event_is_a_line_of_json(project: Path) -> None:
    done = simulated(project, "--json", "--seed", "1")
    assert done.returncode == 0, done.stderr.decode()
    kinds = {type(decode(line)).__name__ for line in done.stdout.splitlines()}
    assert {"EngineStarted", "ColdStart", "RequestFinished", "EngineStopped"} <= kinds
    assert done.stderr.startswith(b"shop is simulated: nothing listens")


def test_the_same_seed_is_the_same_run_byte_for_byte(project: Path) -> None:
    first, second = (simulated(project, "--json", "--seed", "1").stdout for _ in range(2))
    assert first == second
    assert first != simulated(project, "--json", "--seed", "2").stdout


def test_a_mistake_is_told_without_a_traceback(project: Path) -> None:
    with (project / "hybrid.toml").open("a") as file:
        file.write("[scalign]\n")
    done = simulated(project)
    assert done.returncode == 2
    assert re.search(rb"hybrid\.toml:\d+: scalign: is not a key here", done.stderr)
    assert b"Traceback" not in done.stderr


class Screen:
    """A command in a terminal of its own, as a person sees it."""

    def __init__(self, *words: str) -> None:
        self.seen = b""
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.execv(sys.executable, [*COMMAND, *words])

    def wait_for(self, text: bytes) -> None:
        while text not in self.seen:
            ready, _, _ = select.select([self._terminal], [], [], ENOUGH_S)
            assert ready, f"{text!r} did not come; the screen ended with {self.seen[-500:]!r}"
            assert self._read(), f"{text!r} did not come before the end; {self.seen[-500:]!r}"

    def type(self, text: bytes) -> None:
        os.write(self._terminal, text)

    def wait_for_end(self) -> int:
        while self._read():
            pass
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self) -> bytes:
        try:
            data = os.read(self._terminal, 65_536)
        except OSError:  # the terminal's other side is closed
            return b""
        self.seen += data
        return data


def test_the_console_opens_and_stopping_the_engine_leaves_nothing(project: Path) -> None:
    screen = Screen("up", str(project), "--driver", "simulated", "--port", "0")
    screen.wait_for(b"hybrid-tui: starting shop")
    screen.wait_for(b"us-east")
    assert [run.deployment for run in all_runs()] == ["shop"]
    screen.type(b"q")
    screen.wait_for(b"Stop the engine")
    screen.type(b"s")
    assert screen.wait_for_end() == 0
    assert list(all_runs()) == []


def test_a_mistake_in_a_terminal_is_told_on_the_screen_that_was_there(project: Path) -> None:
    (project / "hybrid.toml").write_text('name = "shop"\n')
    screen = Screen("up", str(project))
    assert screen.wait_for_end() == 2
    assert b"hybrid.toml:1: worker: is missing" in screen.seen
    assert OTHER_SCREEN not in screen.seen
    assert b"Traceback" not in screen.seen
