import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.runs import STATE_VARIABLE
from tui import cli
from tui.commands import demo, ps, up


def test_where_there_is_a_project_up_is_meant_and_elsewhere_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meant: list[str] = []

    def note(arguments: argparse.Namespace) -> int:
        meant.append(arguments.command)
        return 0

    monkeypatch.setattr(up, "run", note)
    monkeypatch.setattr(demo, "run", note)
    monkeypatch.chdir(tmp_path)
    assert cli.main([]) == 0
    (tmp_path / "hybrid.toml").touch()
    assert cli.main([]) == 0
    assert meant == ["demo", "up"]


def test_ctrl_c_ends_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(ps, "run", interrupted)
    assert cli.main(["ps"]) == cli.INTERRUPTED
    assert capsys.readouterr().err == ""


def test_a_reader_that_has_gone_is_no_traceback(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "tui.cli", "schema", "config"],
            stdout=output,
            stderr=subprocess.PIPE,
            env=os.environ | {STATE_VARIABLE: str(tmp_path)},
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == b""
