"""What goes wrong is answered as on the platform, told in an event, and the engine lives on."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from core.events.types import ColdStart, EngineStarted, InstanceChanged, Notice, RequestFinished, WorkerLogged
from tests.end_to_end.projects import WORKER, write_project
from tests.end_to_end.running import Running, hybrid_tui, up


async def ask(running: Running, path: str) -> httpx.Response:
    """Make one request of the running deployment."""
    async with httpx.AsyncClient(base_url=await running.url(), timeout=30.0) as client:
        return await client.get(path)


def programs(running: Running, word: str) -> list[psutil.Process]:
    """Return the engine's child processes with this word in their command line."""
    children = psutil.Process(running.process.pid).children(recursive=True)
    return [one for one in children if word in " ".join(one.cmdline())]


async def lives_on(running: Running) -> bool:
    """Say whether the Worker still answers."""
    return (await ask(running, "/api/x")).text == '{"path":"/api/x","greeting":"hello"}'


async def test_a_program_that_exits_at_once_is_a_failed_start_with_its_last_words(tmp_path: Path) -> None:
    program = [sys.executable, "-c", 'import sys; sys.exit("no database here")']
    async with up(write_project(tmp_path / "p", app=program)) as running:
        answer = await ask(running, "/")
        assert answer.status_code == 500
        assert answer.text.startswith("Failed to start container: ")
        start = await running.wait_for(ColdStart)
        assert (start.outcome, start.container) == ("failed", "app")
        assert "no database here" in start.reason
        assert await lives_on(running)


async def test_a_program_that_never_listens_is_given_up_after_its_time(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "import time; time.sleep(600)"]
    async with up(write_project(tmp_path / "p", app=program, ready_timeout="500ms")) as running:
        answer = await ask(running, "/")
        assert answer.status_code == 500
        assert answer.text.startswith("Error proxying request to container: ")
        assert (await running.wait_for(ColdStart)).outcome == "failed"
        assert await lives_on(running)
        assert not programs(running, "time.sleep(600)")


async def test_a_program_that_dies_during_a_request_is_answered_for_and_started_again(tmp_path: Path) -> None:
    async with up(write_project(tmp_path / "p")) as running:
        assert (await ask(running, "/")).status_code == 200
        answer = await ask(running, "/die")
        assert (answer.status_code, answer.text) == (500, "Container suddenly disconnected, try again")
        ended = await running.wait_for(
            InstanceChanged, lambda one: one.exit_code == 3 and one.state == "failed"
        )
        assert ended.state == "failed"
        assert (await ask(running, "/")).status_code == 200


async def test_a_program_that_takes_too_much_memory_is_killed_and_told_so(tmp_path: Path) -> None:
    async with up(write_project(tmp_path / "p")) as running:
        answer = await ask(running, "/eat")
        assert answer.status_code == 500
        ended = await running.wait_for(
            InstanceChanged, lambda one: one.out_of_memory and one.state == "failed"
        )
        assert (ended.state, ended.exit_code) == ("failed", 137)
        assert await lives_on(running)


async def test_a_program_that_is_killed_during_a_request_is_answered_for(tmp_path: Path) -> None:
    async with up(write_project(tmp_path / "p")) as running:
        hanging = asyncio.create_task(ask(running, "/hang"))
        while (await ask(running, "/hanging")).text != "1":
            pass
        programs(running, "torture.py")[0].kill()
        answer = await hanging
        assert (answer.status_code, answer.text) == (500, "Container suddenly disconnected, try again")
        assert (await ask(running, "/")).status_code == 200


async def test_a_worker_that_raises_is_answered_with_1101_and_its_stack_stays_inside(tmp_path: Path) -> None:
    async with up(write_project(tmp_path / "p")) as running:
        answer = await ask(running, "/raise")
        assert answer.status_code == 500
        assert "1101" in answer.text
        assert "secret" not in answer.text
        logged = await running.wait_for(WorkerLogged, lambda one: one.level == "exception")
        assert "a secret of the Worker" in logged.message
        assert (await running.wait_for(RequestFinished)).outcome == "error"
        assert await lives_on(running)


async def test_a_worker_with_a_syntax_error_is_told_with_its_line(tmp_path: Path) -> None:
    async with up(write_project(tmp_path / "p", worker=WORKER + "\n  oh no\n")) as running:
        notice = await running.wait_for(Notice, lambda one: one.level == "error")
        assert "worker.py" in notice.message
        assert str(len(WORKER.splitlines()) + 2) in notice.message
        assert (await ask(running, "/")).status_code == 500


async def test_a_taken_port_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    project = write_project(tmp_path / "p")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = hybrid_tui(tmp_path, "up", str(project), "--headless", "--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert port in done.stderr
    assert "--port 0" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("cut", [10, 60, 120])
async def test_a_half_written_declaration_is_a_message_and_exit_code_2(tmp_path: Path, cut: int) -> None:
    project = write_project(tmp_path / "p")
    file = project / "hybrid.toml"
    file.write_text(file.read_text()[:cut])
    done = hybrid_tui(tmp_path, "up", str(project), "--headless", "--port", "0")
    assert done.returncode == 2
    assert "hybrid.toml" in done.stderr
    assert "Traceback" not in done.stderr


async def test_what_a_killed_engine_leaves_is_removed_by_the_next_one_or_by_down(
    tmp_path: Path,
) -> None:
    project = write_project(tmp_path / "p")
    for clean in ("up", "down"):
        async with up(project) as running:
            await ask(running, "/")
            children = psutil.Process(running.process.pid).children(recursive=True)
            assert len(children) >= 2
            await running.stop(signal.SIGKILL)
        if clean == "up":
            async with up(project) as running:
                assert (await ask(running, "/")).status_code == 200
        else:
            assert hybrid_tui(tmp_path, "down", "tried").returncode == 0
        gone, alive = psutil.wait_procs(children, timeout=10)
        assert not alive
        assert len(gone) == len(children)
    assert "no deployment runs" in hybrid_tui(tmp_path, "ps").stdout


async def test_a_second_engine_of_the_same_deployment_is_refused(tmp_path: Path) -> None:
    project = write_project(tmp_path / "p")
    async with up(project) as running:
        await running.wait_for(EngineStarted)
        await ask(running, "/")
        done = hybrid_tui(tmp_path, "up", str(project), "--headless", "--port", "0")
        assert done.returncode == 1
        assert "attach" in done.stderr
        assert await lives_on(running)
