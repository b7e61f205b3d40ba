import json
import os
from pathlib import Path

import pytest

from core.runs import STATE_VARIABLE, write_run
from tests.tui.commands.runs import GONE_PID, record
from tui.cli import main
from tui.commands.ps import as_table


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))


def test_nothing_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ps"]) == 0
    assert capsys.readouterr().out == "no deployment runs\n"
    assert main(["ps", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_running_and_killed_engines_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    write_run(record("shop", os.getpid()))
    write_run(record("zoo", GONE_PID))
    assert main(["ps"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["NAME", "STATE"], ["shop", "running"], ["zoo", "killed"]]
    assert main(["ps", "--json"]) == 0
    assert [one["state"] for one in json.loads(capsys.readouterr().out)] == ["running", "killed"]


def test_columns_stand_under_each_other() -> None:
    assert as_table([("A", "B"), ("long", "x")]) == ["A     B", "long  x"]
