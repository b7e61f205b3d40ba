import json
from pathlib import Path

import pytest

from core.diagnosis import Finding
from core.runs import STATE_VARIABLE
from tui.cli import main
from tui.commands.doctor import as_lines, colour_finding, encoding_finding, size_finding


@pytest.mark.parametrize(("columns", "lines", "ok"), [(80, 24, True), (79, 24, False), (200, 20, False)])
def test_the_dashboard_wants_room(columns: int, lines: int, ok: bool) -> None:
    assert size_finding(columns, lines).ok is ok


@pytest.mark.parametrize(
    ("environment", "ok", "said"),
    [
        ({"COLORTERM": "truecolor", "TERM": "xterm"}, True, "16 million"),
        ({"TERM": "xterm-256color"}, True, "256"),
        ({"TERM": "xterm"}, True, "few"),
        ({"TERM": "dumb"}, False, "dumb"),
        ({}, False, "is not set"),
        ({"NO_COLOR": "1", "TERM": "dumb"}, True, "NO_COLOR"),
    ],
)
def test_colours_are_what_the_terminal_claims(environment: dict[str, str], ok: bool, said: str) -> None:
    finding = colour_finding(environment)
    assert finding.ok is ok
    assert said in finding.message


@pytest.mark.parametrize(("encoding", "ok"), [("utf-8", True), ("UTF8", True), ("iso8859-1", False)])
def test_blocks_and_lines_need_utf_8(encoding: str, ok: bool) -> None:
    assert encoding_finding(encoding).ok is ok


@pytest.mark.parametrize("width", [0, 10, 60, 200])
def test_findings_are_lines_that_fit(width: int) -> None:
    findings = [
        Finding("Docker", False, "no Docker Engine answers " * 5, "start it " * 9),
        Finding("Port 1", True, "free"),
    ]
    lines = as_lines(findings, width)
    assert lines[0].startswith("FIX  Docker  no Docker")
    assert lines[-1] == "ok   Port 1  free"
    if width > 40:
        assert max(map(len, lines)) <= width


def test_every_problem_has_advice_and_the_exit_code_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    assert main(["doctor", "--json", "--port", "0"]) == 1
    report = json.loads(capsys.readouterr().out)
    wrong = [one for one in report["findings"] if not one["ok"]]
    assert [one["subject"] for one in wrong] == ["Docker"]
    assert all(one["advice"] for one in wrong)
    assert report["ok"] is False
