"""The engine's process: what is wrong is said with an exit code, and what runs says so in one line."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from core import runs
from core.events.codec import decode
from core.events.types import EngineStarted, EngineStopped
from core.main import FAILED, WRONG_INPUT, Time, how_time_passes, run
from core.model.deployment import Deployment
from core.options import EngineOptions
from core.runs import RunRecord
from tests.end_to_end.projects import write_project


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(runs.STATE_VARIABLE, str(tmp_path / "state"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "shop", name="shop")


def options(path: Path, **changes: Any) -> EngineOptions:
    usual: dict[str, Any] = {"driver": "simulated", "seed": 1, "for_s": 30.0, "port": 0}
    return EngineOptions(path=str(path), **{**usual, **changes})


def declared(*drivers: str) -> Deployment:
    return Deployment.model_validate(
        {
            "name": "shop",
            "worker": "worker.py",
            "containers": [{"binding": "APP", "command": ["program"]}],
            "regions": [{"id": f"region-{n}", "driver": driver} for n, driver in enumerate(drivers)],
        }
    )


@pytest.mark.parametrize(
    ("drivers", "driver", "for_s", "paced", "time"),
    [
        (("simulated",), "auto", 30.0, False, Time(virtual=True, paced=False)),
        (("simulated",), "auto", None, False, Time(virtual=True, paced=True)),
        (("simulated",), "auto", 30.0, True, Time(virtual=True, paced=True)),
        (("docker", "process"), "simulated", 30.0, False, Time(virtual=True, paced=False)),
        (("simulated", "process"), "auto", 30.0, False, Time(virtual=False, paced=True)),
        (("simulated",), "process", 30.0, False, Time(virtual=False, paced=True)),
    ],
)
def test_time_is_virtual_where_all_is_simulated_and_paced_where_somebody_may_look(
    drivers: tuple[str, ...], driver: Any, for_s: float | None, paced: bool, time: Time
) -> None:
    asked = EngineOptions(driver=driver, for_s=for_s, paced=paced)
    assert how_time_passes(declared(*drivers), asked) == time


@pytest.mark.parametrize("name", ["state", "s" * 120], ids=["short", "too long for a socket"])
def test_a_state_folder_that_cannot_be_made_is_told_with_the_way_out(
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(runs.STATE_VARIABLE, str(tmp_path / "file" / name))
    assert run(options(project, driver="process")) == FAILED
    assert f"set {runs.STATE_VARIABLE} to another folder" in capsys.readouterr().err


def test_a_simulated_run_ends_by_itself_and_tells_once_that_it_is_up(project: Path) -> None:
    told: list[RunRecord] = []
    assert run(options(project, for_s=3600.0), told.append) == 0
    (record,) = told
    assert (record.deployment, record.url, record.socket) == ("shop", "", "")
    assert record.drivers == ("simulated",)
    assert runs.read_run("shop") is None


def test_a_run_prints_its_events_from_first_to_last(
    project: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(options(project, json=True)) == 0
    first, *_, last = [decode(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert isinstance(first, EngineStarted)
    assert isinstance(last, EngineStopped)
    assert (first.deployment, first.seed) == ("shop", 1)
    assert last.reason == "its time of 30 s is over"
    assert last.time_s == pytest.approx(30.0, abs=0.5)


def test_what_cannot_be_read_is_the_users_to_mend(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(options(tmp_path / "nothing")) == WRONG_INPUT == 2
    assert "nothing" in capsys.readouterr().err


def test_a_wrong_key_is_shown_with_its_place(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = project / "hybrid.toml"
    file.write_text(file.read_text().replace("latency", "latenzy"))
    assert run(options(project)) == WRONG_INPUT
    said = capsys.readouterr().err
    assert "hybrid.toml" in said
    assert "latency" in said
    assert "Traceback" not in said


def test_a_javascript_worker_is_refused_on_virtual_time_with_advice(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "worker.ts").write_text("export default {}")
    file = project / "hybrid.toml"
    file.write_text(file.read_text().replace("worker.py", "worker.ts"))
    assert run(options(project)) == WRONG_INPUT
    said = capsys.readouterr().err
    assert "worker.ts runs on deno, which keeps real time" in said
    assert "--driver process" in said


def test_a_runtime_that_cannot_run_the_worker_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(options(project, runtime="workerd")) == WRONG_INPUT
    assert "workerd cannot run worker.py; python can" in capsys.readouterr().err


def test_a_workerd_that_is_not_here_is_told_with_what_to_do(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYBRID_TUI_WORKERD", str(project / "nowhere"))
    (project / "worker.js").write_text("export default {}")
    file = project / "hybrid.toml"
    file.write_text(file.read_text().replace("worker.py", "worker.js"))
    assert run(options(project, driver="process", runtime="workerd")) == WRONG_INPUT
    assert "npm install workerd" in capsys.readouterr().err


def note_running(**changes: Any) -> None:
    """Write a note as if this very process were the deployment's engine."""
    record = RunRecord(
        deployment="shop",
        pid=os.getpid(),
        process_started_s=psutil.Process().create_time(),
        folder="",
        socket="",
        url="http://127.0.0.1:8787",
        version="0.1.0",
        drivers=("process",),
    )
    runs.write_run(msgspec.structs.replace(record, **changes))


def test_a_second_engine_is_refused_with_what_to_do(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note_running()
    assert run(options(project, for_s=None)) == FAILED == 1
    said = capsys.readouterr().err
    assert f"shop runs already at http://127.0.0.1:8787 (process {os.getpid()})" in said
    assert "hybrid-tui attach shop" in said
    assert "hybrid-tui down shop" in said
    assert runs.read_run("shop") is not None


def test_a_run_that_nobody_can_attach_to_goes_on_beside_another(project: Path) -> None:
    note_running()
    assert run(options(project)) == 0
    assert runs.read_run("shop") is not None


def engine(argument: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "core.main", argument], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_a_process_of_its_own_says_in_one_line_that_it_is_up_and_ends_on_a_signal(project: Path) -> None:
    asked = options(project, driver="process", for_s=None)
    with engine(msgspec.json.encode(asked).decode()) as process:
        assert process.stdout is not None
        answer = msgspec.json.decode(process.stdout.readline())
        assert (answer["ok"], answer["deployment"], answer["pid"]) == (True, "shop", process.pid)
        assert runs.read_run("shop") == msgspec.convert(
            {k: v for k, v in answer.items() if k != "ok"}, RunRecord
        )
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (0, b"", b"")
    assert runs.read_run("shop") is None


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ('{"path": "/nowhere/at/all"}', "/nowhere/at/all"),
        ('{"path": 5}', "the engine takes one argument, its options as JSON: Expected `str`, got `int`"),
        ("up", "the engine takes one argument, its options as JSON"),
    ],
)
def test_a_process_that_cannot_run_says_why_in_one_line(argument: str, message: str) -> None:
    with engine(argument) as process:
        out, errors = process.communicate(timeout=60)
    (line,) = out.splitlines()
    answer = msgspec.json.decode(line)
    assert (answer["ok"], answer["exit_code"], process.returncode) == (False, WRONG_INPUT, WRONG_INPUT)
    assert message in answer["message"]
    assert errors == b""
