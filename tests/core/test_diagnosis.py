import socket
from pathlib import Path

import pytest

from core.diagnosis import (
    deno_finding,
    docker_finding,
    examine,
    leftover_finding,
    port_finding,
    python_finding,
    state_finding,
    why_not_bound,
    workerd_finding,
)
from core.runs import STATE_VARIABLE, write_run
from tests.tui.commands.runs import GONE_PID, record


@pytest.mark.parametrize(("version", "ok"), [((3, 11, 0), True), ((3, 14), True), ((3, 10, 9), False)])
def test_an_old_python_is_told(version: tuple[int, ...], ok: bool) -> None:
    assert python_finding(version).ok is ok


def test_deno_is_found_where_it_was_installed_with_us() -> None:
    finding = deno_finding()
    assert finding.ok
    assert finding.message.startswith("deno 2.")


def test_a_deno_that_does_not_run_is_told_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "deno"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr("core.worker.deno.program.find_deno", lambda: broken)
    finding = deno_finding()
    assert not finding.ok
    assert "does not run" in finding.message
    assert "pip install" in finding.advice


def test_an_absent_workerd_is_no_fault_and_a_broken_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYBRID_TUI_WORKERD", str(tmp_path / "nowhere"))
    assert workerd_finding().ok
    assert "npm install workerd" in workerd_finding().message
    broken = tmp_path / "workerd"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("HYBRID_TUI_WORKERD", str(broken))
    assert not workerd_finding().ok


def test_a_free_port_can_be_listened_on() -> None:
    assert why_not_bound(0) == ""
    assert port_finding(0, []).ok


def test_a_taken_port_is_told_with_a_way_out() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        finding = port_finding(one.getsockname()[1], [])
    assert not finding.ok
    assert finding.message == "taken by another program"
    assert "--port 0" in finding.advice


def test_a_port_taken_by_a_deployment_of_ours_is_no_fault() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        port = one.getsockname()[1]
        run = record("shop", 1, url=f"http://127.0.0.1:{port}")
        finding = port_finding(port, [run])
    assert finding.ok
    assert "shop" in finding.message


def test_a_state_folder_is_made_where_it_is_missing(tmp_path: Path) -> None:
    assert state_finding(tmp_path / "a" / "b").ok


def test_a_state_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    finding = state_finding(tmp_path / "file" / "state")
    assert not finding.ok
    assert "HYBRID_TUI_STATE" in finding.advice


async def test_no_docker_is_told_with_advice(tmp_path: Path) -> None:
    finding = await docker_finding(f"unix://{tmp_path}/docker.sock")
    assert not finding.ok
    assert finding.advice


def test_a_killed_engine_is_told_with_the_command_that_cleans_up() -> None:
    assert leftover_finding(record("shop", GONE_PID)).advice == "hybrid-tui down shop"


async def test_everything_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
    write_run(record("shop", GONE_PID))
    found = await examine(0, f"unix://{tmp_path}/docker.sock")
    assert [one.subject for one in found] == [
        "Python",
        "Docker",
        "Deno",
        "workerd",
        "Port 0",
        "State folder",
        "Deployment shop",
    ]
