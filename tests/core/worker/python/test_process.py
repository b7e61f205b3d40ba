"""The isolate's process: its deaths, its limits, its end with the engine."""

import asyncio
import os
import signal
import sys
import tempfile
import textwrap
from pathlib import Path

import psutil
import pytest

import core
from core.events.types import WorkerChanged
from core.worker.runtime import WorkerFailed
from tests.core.worker.conftest import Recorder, Start, WriteWorker, read, visit

WAIT_S = 30


async def test_code_that_computes_without_a_pause_is_1102_while_the_engine_goes_on(
    start: Start, recorder: Recorder
) -> None:
    runtime = await start(
        """
        if request.url.endswith("/spin"):
            while True: pass
        return Response("fine")
        """,
        cpu_limit_ms=200,
    )
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.005)
            turns += 1

    counting = asyncio.create_task(count())
    with pytest.raises(WorkerFailed, match="more than 200 ms of CPU") as failed:
        await runtime.fetch("t1", visit("/spin"))
    counting.cancel()
    assert failed.value.code == 1102
    assert turns > 3
    assert await read(await runtime.fetch("t2", visit("/"))) == (200, "fine")
    assert recorder.states == ["starting", "ready", "failed", "starting", "ready"]


async def test_code_that_computes_too_long_with_pauses_is_1102_and_the_isolate_lives(
    start: Start, recorder: Recorder
) -> None:
    runtime = await start(
        """
        try:
            while "spin" in request.url:
                sum(range(10_000))
                await asyncio.sleep(0)
        except Exception:
            pass
        return Response("fine")
        """,
        cpu_limit_ms=100,
    )
    with pytest.raises(WorkerFailed, match="more than 100 ms of CPU") as failed:
        await runtime.fetch("t1", visit("/spin"))
    assert failed.value.code == 1102
    assert await read(await runtime.fetch("t2", visit("/"))) == (200, "fine")
    assert recorder.states == ["starting", "ready"]


async def test_an_isolate_that_dies_is_replaced(start: Start, recorder: Recorder) -> None:
    runtime = await start(
        """
        if request.url.endswith("/die"):
            import os
            os.kill(os.getpid(), 11)
        return Response("fine")
        """
    )
    with pytest.raises(WorkerFailed, match="ended by SIGSEGV") as failed:
        await runtime.fetch("t1", visit("/die"))
    assert failed.value.code == 1101
    assert await read(await runtime.fetch("t2", visit("/"))) == (200, "fine")
    assert recorder.states == ["starting", "ready", "failed", "starting", "ready"]


async def test_an_isolate_killed_from_outside_is_replaced(start: Start, recorder: Recorder) -> None:
    runtime = await start("return Response('fine')")
    assert runtime.pid is not None
    os.kill(runtime.pid, signal.SIGKILL)
    await recorder.wait_for(lambda event: isinstance(event, WorkerChanged) and event.state == "failed")
    assert await read(await runtime.fetch("t1", visit())) == (200, "fine")


async def test_stopping_ends_the_process_and_removes_the_sockets(start: Start, tmp_path: Path) -> None:
    runtime = await start("return Response('x')")
    pid = runtime.pid
    assert pid is not None
    await runtime.stop()
    assert not psutil.pid_exists(pid)
    with pytest.raises(WorkerFailed, match="stopped"):
        await runtime.fetch("t1", visit())


ENGINE = """
import asyncio, sys
from pathlib import Path
from core.clock import RealClock
from core.events.bus import EventBus
from core.http.messages import Request
from core.worker.python.runtime import PythonRuntime

async def no_binding(sub_request, request):
    raise AssertionError

async def main():
    runtime = PythonRuntime(
        worker="shop", main=Path(sys.argv[1]), binding_fetch=no_binding, bus=EventBus(RealClock())
    )
    await runtime.start()
    print(runtime.pid, flush=True)
    await runtime.fetch("t1", Request("GET", "/"))

asyncio.run(main())
"""


async def test_the_isolate_ends_when_its_engine_is_killed_even_in_a_loop(write_worker: WriteWorker) -> None:
    main = write_worker("while True: pass")
    sockets = Path(tempfile.mkdtemp(prefix="hy"))
    engine = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(ENGINE),
        str(main),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(sockets), "PYTHONPATH": str(Path(core.__file__).parent.parent)},
    )
    assert engine.stdout is not None
    async with asyncio.timeout(WAIT_S):
        isolate = psutil.Process(int(await engine.stdout.readline()))
        engine.kill()
        await engine.wait()
        await asyncio.to_thread(_wait_until_gone, isolate)
    # Fails where anything is left in it.
    await asyncio.to_thread(sockets.rmdir)


def _wait_until_gone(process: psutil.Process) -> None:
    """Wait for the end of a process that is not a child; one that nobody collects counts as ended."""
    try:
        process.wait(timeout=10)
    except psutil.TimeoutExpired:
        assert process.status() == psutil.STATUS_ZOMBIE
