"""Named instances as local processes, with real programs: what a start may change, jobs, signals, ends."""

import asyncio
import os
import signal
from pathlib import Path

import psutil

from core.events.types import ColdStart, Notice
from tests.core.containers.drivers.process import programs
from tests.core.containers.drivers.process.conftest import Running

JOB = programs.python("import sys; sys.exit(0)")
BROKEN_JOB = programs.python("import sys; print('no database'); sys.exit(3)")
ENDS_ON_HANGUP = programs.server(before="signal.signal(signal.SIGHUP, lambda *_: os._exit(0))")


def _until_there(file: Path) -> None:
    while not file.exists():
        pass


def _pid(body: str) -> int:
    return int(body.split()[1])


async def test_env_and_entrypoint_of_a_start_are_those_of_that_start_alone(running: Running) -> None:
    async with running(programs.EXITS_AT_ONCE, env={"MODE": "declared"}) as rig:
        entrypoint = programs.server(before="assert os.environ['MODE'] == 'mine'")
        status, state = await rig.operate(
            "job", "start", wait=True, env={"MODE": "mine"}, entrypoint=entrypoint
        )
        assert (status, state["status"]) == (200, "healthy")
        assert (await rig.call("job"))[0] == 200
        await rig.operate("job", "destroy")
        status, body = await rig.call("job")
        assert status == 500
        assert "no database" in body


async def test_another_port_is_refused_clearly(running: Running) -> None:
    async with running(programs.server()) as rig:
        assert (await rig.call("user-1"))[0] == 200
        status, body = await rig.call("user-1", port=9090)
        assert (status, body.split(": ", 1)[0]) == (500, "Error proxying request to container")
        assert await rig.status_of("user-1") == "healthy"


async def test_a_port_of_the_start_is_the_port_of_the_instance(running: Running) -> None:
    async with running(programs.server()) as rig:
        await rig.operate("user-1", "start", wait=True, port=9090)
        assert (await rig.call("user-1", port=9090))[0] == 200
        assert (await rig.call("user-1"))[0] == 200
        assert (await rig.call("user-1", port=8080))[0] == 500


async def test_that_the_internet_stays_open_is_said_once(running: Running) -> None:
    async with running(programs.server()) as rig:
        for name in ("a", "b"):
            await rig.operate(name, "start", wait=True, enable_internet=False)
        warnings = [one.message for one in rig.seen.of(Notice) if one.level == "warning"]
    assert warnings == [
        "enableInternet is false, but the process driver of us-east cannot keep an instance from reaching "
        "the outside"
    ]


async def test_a_job_that_never_listens_ends_well_when_nobody_waits_for_its_port(running: Running) -> None:
    async with running(JOB, ready_timeout="0.2s") as rig:
        status, state = await rig.operate("job", "start")
        assert (status, state["status"]) == (200, "running")
        await rig.seen.until_state("app-job", "stopped")
        [told] = await rig.until_signals(1)
        assert (told.kind, told.exit_code, told.reason) == ("stopped", 0, "exit")
        assert (await rig.operate("job", "state"))[1]["exit_code"] == 0
        assert not [one for one in rig.seen.of(Notice) if one.level == "error"]


async def test_a_job_that_fails_is_told_with_its_exit_code(running: Running) -> None:
    async with running(BROKEN_JOB) as rig:
        await rig.operate("job", "start")
        await rig.seen.until_state("app-job", "failed")
        [told] = await rig.until_signals(1)
        assert (told.kind, told.exit_code, told.reason) == ("failed", 3, "exit")
        assert "no database" in told.message


async def test_a_request_to_a_job_that_does_not_listen_fails_and_the_job_goes_on(running: Running) -> None:
    async with running(programs.NEVER_LISTENS, ready_timeout="0.3s") as rig:
        await rig.operate("job", "start")
        status, body = await rig.call("job")
        assert (status, body) == (
            500,
            "Error proxying request to container: "
            "The container is not listening in the TCP address 10.0.0.1:8080",
        )
        status, body = await rig.operate("job", "start", wait=True, timeout_s=0.1)
        assert status == 500
        assert await rig.status_of("job") == "running"


async def test_a_job_that_nobody_asks_for_anything_goes_to_sleep(running: Running) -> None:
    async with running(programs.NEVER_LISTENS) as rig:
        await rig.operate("job", "start", sleep_after_s=0.3)
        await rig.seen.until_state("app-job", "stopped")
        assert rig.seen.last("app-job").reason == "asleep: no request for 0.3 s"
        (start,) = rig.seen.of(ColdStart)
        assert start.outcome == "failed"


async def test_a_job_is_asked_to_end_before_it_is_ended(running: Running, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); "
        f"open({str(ready)!r}, 'w').close(); time.sleep(60)"
    )
    async with running(programs.python(code)) as rig:
        for operation, exit_code in (("signal", 0), ("destroy", 137)):
            rig.signals.clear()
            await rig.operate("job", "start")
            await asyncio.to_thread(_until_there, ready)
            ready.unlink()
            await rig.operate("job", operation)
            [told] = await rig.until_signals(1)
            assert (told.kind, told.exit_code, told.reason) == ("stopped", exit_code, "runtime_signal")


async def test_a_start_that_failed_holds_the_next_back_and_names_its_own_port(running: Running) -> None:
    async with running(programs.NEVER_LISTENS) as rig:
        answers = [
            await rig.operate("user-1", "start", wait=True, port=9000, timeout_s=0.2) for _ in range(3)
        ]
        assert [status for status, _ in answers] == [500] * 3
        assert all(str(body).endswith("10.0.0.1:9000") for _, body in answers)
        assert len(rig.seen.of(ColdStart)) == 2


async def test_a_program_that_crashes_is_told_and_the_next_request_starts_it_again(running: Running) -> None:
    async with running(programs.DIES_MID_REQUEST) as rig:
        _, body = await rig.call("user-1")
        status, _ = await rig.call("user-1", "/die")
        assert status == 500
        await rig.seen.until_state("app-user-1", "failed")
        [told] = await rig.until_signals(1)
        assert (told.kind, told.exit_code, told.reason) == ("failed", 7, "exit")
        status, again = await rig.call("user-1")
        assert (status, _pid(again) == _pid(body)) == (200, False)


async def test_any_signal_reaches_the_program(running: Running) -> None:
    async with running(ENDS_ON_HANGUP) as rig:
        _, body = await rig.call("user-1")
        await rig.operate("user-1", "signal", signal=int(signal.SIGHUP))
        await rig.seen.until_state("app-user-1", "stopped")
        [told] = await rig.until_signals(1)
        assert (told.kind, told.exit_code, told.reason) == ("stopped", 0, "runtime_signal")
        assert not psutil.pid_exists(_pid(body))


async def test_names_at_once_have_processes_of_their_own_and_all_are_gone_after_closing(
    running: Running,
) -> None:
    async with running(programs.server()) as rig:
        names = ["a", "b", "c"] * 5
        answers = await asyncio.gather(*(rig.call(name) for name in names))
        pids = {name: _pid(body) for name, (_, body) in zip(names, answers, strict=True)}
        assert len({body for _, body in answers}) == 3
        assert os.getpid() not in pids.values()
    assert not [pid for pid in pids.values() if psutil.pid_exists(pid)]
