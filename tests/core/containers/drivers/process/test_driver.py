"""The process driver under a fleet, with real programs that behave well and badly."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.containers.errors import NO_INSTANCE
from core.events.types import ColdStart, InstanceChanged, InstanceSample, Notice
from tests.core.containers.drivers.process import programs
from tests.core.containers.drivers.process.conftest import Running


def is_gone(process: psutil.Process) -> bool:
    """Say whether it has ended, buried by its parent or not."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def _pid(body: bytes) -> int:
    return int(body.split()[1])


async def test_a_program_is_started_by_the_first_request_and_gone_after_closing(running: Running) -> None:
    async with running(programs.server()) as rig:
        results = await asyncio.gather(*(rig.get(f"/{number}") for number in range(20)))
        pids = {_pid(body) for _, body in results}
        assert [status for status, _ in results] == [200] * 20
        assert len(pids) == 1
    (start,) = rig.seen.of(ColdStart)
    assert (start.outcome, start.waited, len(start.phases)) == ("ready", 20, 6)
    assert not psutil.pid_exists(pids.pop())


async def test_the_port_is_put_into_the_command(running: Running, tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_text("hello")
    command = ["python", "-m", "http.server", "{port}", "--bind", "127.0.0.1"]
    async with running(command) as rig:
        assert await rig.get("/hello.txt") == (200, b"hello")


async def test_a_program_that_exits_at_once_fails_with_its_last_words(running: Running) -> None:
    async with running(programs.EXITS_AT_ONCE) as rig:
        status, body = await rig.get()
        assert status == 500
        assert body.startswith(b"Failed to start container: the program ended with exit code 3 before")
        assert body.endswith(b": no database")
    failed = next(event for event in rig.seen.of(InstanceChanged) if event.state == "failed")
    assert failed.exit_code == 3
    assert "next try with the next request" in failed.reason
    (start,) = rig.seen.of(ColdStart)
    assert (start.outcome, start.phases[-1].name) == ("failed", "boot")


async def test_a_program_that_always_dies_is_not_restarted_for_each_request(running: Running) -> None:
    async with running(programs.EXITS_AT_ONCE) as rig:
        answers = [await rig.get() for _ in range(10)]
    assert {status for status, _ in answers} == {500}
    assert len(rig.seen.of(ColdStart)) == 2
    failures = [event.reason for event in rig.seen.of(InstanceChanged) if event.state == "failed"]
    assert "next try in 0.5 s" in failures[1]


async def test_a_program_that_never_listens_is_ended_and_told_from_one_that_fails(running: Running) -> None:
    async with running(programs.NEVER_LISTENS, ready_timeout="300ms") as rig:
        status, body = await rig.get()
    assert status == 500
    assert body.startswith(b"Error proxying request to container: The container is not listening")
    (notice,) = rig.seen.of(Notice)
    assert "0.3 s" in notice.message
    assert "PORT" in notice.advice


async def test_a_program_that_dies_mid_request_is_a_sudden_disconnect_and_the_next_request_starts_anew(
    running: Running,
) -> None:
    async with running(programs.DIES_MID_REQUEST) as rig:
        assert await rig.get("/die") == (500, b"Container suddenly disconnected, try again")
        await rig.seen.until_state("app-1", "failed")
        assert rig.seen.last("app-1").exit_code == 7
        assert (await rig.get("/"))[0] == 200
    assert rig.seen.states("app-1").count("ready") == 2


async def test_a_killed_program_is_noticed_and_no_request_is_lost_to_it(running: Running) -> None:
    async with running(programs.server()) as rig:
        _, body = await rig.get()
        os.kill(_pid(body), signal.SIGKILL)
        assert (await rig.get())[0] in (200, 500)
        await rig.seen.until_state("app-1", "failed")
        assert (await rig.get())[0] == 200
    failed = next(event for event in rig.seen.of(InstanceChanged) if event.state == "failed")
    assert (failed.exit_code, failed.out_of_memory) == (137, False)


async def test_a_program_past_its_memory_limit_is_killed_as_out_of_memory(running: Running) -> None:
    async with running(programs.ALLOCATES_ON_REQUEST, instance_type="lite") as rig:
        assert await rig.get("/eat") == (500, b"Container suddenly disconnected, try again")
        await rig.seen.until_state("app-1", "failed")
    failed = next(event for event in rig.seen.of(InstanceChanged) if event.state == "failed")
    assert (failed.exit_code, failed.out_of_memory) == (137, True)
    assert "256 MiB" in failed.reason
    assert "instance_type" in rig.seen.of(Notice)[-1].advice


async def test_a_program_that_ignores_sigterm_is_killed_when_the_deployment_closes(running: Running) -> None:
    async with running(programs.IGNORES_SIGTERM) as rig:
        _, body = await rig.get()
    assert rig.seen.last("app-1").exit_code == 137
    assert not psutil.pid_exists(_pid(body))


async def test_kill_ends_a_program_that_is_stopping_and_ignores_it(running: Running) -> None:
    async with running(programs.IGNORES_SIGTERM) as rig:
        await rig.get()
        rig.fleet.act("stop", "app-1")
        await rig.seen.until_state("app-1", "stopping")
        rig.fleet.act("kill", "app-1")
        await rig.seen.until_state("app-1", "stopped")
    assert rig.seen.last("app-1").exit_code == 137


async def test_what_a_program_started_ends_with_it(running: Running) -> None:
    code = "import subprocess; worker = subprocess.Popen(['sleep', '60'])"
    async with running(programs.server(before=code)) as rig:
        _, body = await rig.get()
        (worker,) = psutil.Process(_pid(body)).children()
        os.kill(_pid(body), signal.SIGKILL)
        await rig.seen.until_state("app-1", "failed")
    assert is_gone(worker)


async def test_samples_hold_the_memory_of_the_whole_group(running: Running) -> None:
    code = (
        "import subprocess; worker = subprocess.Popen([sys.executable, '-c', "
        "'import time; held = bytearray(60 * 2**20); time.sleep(60)'])"
    )
    async with running(programs.server(before=code)) as rig:
        await rig.get()
        await rig.seen.until(lambda: any(one.memory_mib > 70 for one in rig.seen.of(InstanceSample)))
    last = rig.seen.of(InstanceSample)[-1]
    assert last.kind == "measured"
    assert last.app_memory_mib < last.memory_mib < last.memory_limit_mib == 256


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({"command": ["no-such-program-here"]}, "there is no program no-such-program-here on PATH"),
        ({"command": ["./app.sh"]}, "app.sh is not there"),
        ({"command": [], "image": "some/image"}, "has no command, and the process driver runs no images"),
    ],
)
async def test_what_cannot_be_run_is_said_with_advice(
    running: Running, container: dict[str, Any], words: str
) -> None:
    async with running(**container) as rig:
        status, body = await rig.get()
    assert status == 500
    assert words in body.decode()
    assert rig.seen.of(Notice)[0].advice


async def test_a_file_that_the_system_refuses_to_run_is_a_failed_start(
    running: Running, tmp_path: Path
) -> None:
    script = tmp_path / "app.sh"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    async with running(["./app.sh"]) as rig:
        status, body = await rig.get()
    assert status == 500
    assert body.startswith(b"Failed to start container: ")
    assert NO_INSTANCE.encode() not in body


async def test_a_program_is_told_who_it_is_and_gets_no_undeclared_secret(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "secret")
    names = ["HYBRID_TUI_INSTANCE", "GREETING", "SOME_TOKEN"]
    code = f"print([os.environ.get(name) for name in {names}]); sys.exit(1)"
    async with running(programs.server(before=code), env={"GREETING": "hi"}) as rig:
        _, body = await rig.get()
    assert body.endswith(b"['app-1', 'hi', None]")
