"""Python isolates in processes of their own: how they start, what they tell, how they end."""

import asyncio
import json
import os
import sys
import tempfile
import textwrap
from pathlib import Path

import psutil
import pytest

import core
from core.http.errors import BodyLost
from core.worker.isolate import IsolateLost
from core.worker.python.launcher import PythonLauncher
from core.worker.runtime import WorkerFailed
from tests.core.worker.conftest import Containers, Recorder, WriteWorker, read, visit
from tests.core.worker.python.conftest import Launch

WAIT_S = 30


async def test_the_worker_answers_with_its_values(launch: Launch) -> None:
    isolate = await launch(
        "return Response.json([self.env.GREETING, self.env.NUMBERS, request.url, request.method])"
    )
    answer = await isolate.fetch("t1", visit("/api/x?q=1"))
    status, body = await read(answer)
    assert (status, json.loads(body)) == (200, ["hello", [1, 2], "http://shop.example/api/x?q=1", "GET"])
    cpu_time = await answer.cpu_time()
    assert (cpu_time.ms > 0, cpu_time.kind) == (True, "measured")


async def test_a_process_stands_by_for_the_next_isolate(launch: Launch, write_worker: WriteWorker) -> None:
    first = await launch("return Response('old')")
    await read(await first.fetch("t1", visit()))
    launcher = PythonLauncher(
        main=write_worker("return Response('1')"), binding_fetch=Containers().fetch, on_log=lambda *_: None
    )
    one = await launcher.launch(1)
    assert launcher._standing_by is not None
    waiting = await launcher._standing_by
    write_worker("return Response('2')")
    two = await launcher.launch(2)
    assert waiting is not None
    assert two.pid == waiting.pid
    assert await read(await two.fetch("t1", visit())) == (200, "2")
    assert await read(await one.fetch("t1", visit())) == (200, "1")
    for isolate in (one, two):
        await isolate.stop()
    assert launcher._standing_by is not None
    left = await launcher._standing_by
    await launcher.close()
    assert left is not None
    assert not psutil.pid_exists(left.pid)


async def test_a_process_that_stood_by_and_died_is_not_used(write_worker: WriteWorker) -> None:
    launcher = PythonLauncher(
        main=write_worker("return Response('x')"), binding_fetch=Containers().fetch, on_log=lambda *_: None
    )
    one = await launcher.launch(1)
    assert launcher._standing_by is not None
    waiting = await launcher._standing_by
    assert waiting is not None
    waiting.kill("by the test")
    await waiting.exited.wait()
    two = await launcher.launch(2)
    assert await read(await two.fetch("t1", visit())) == (200, "x")
    for isolate in (one, two):
        await isolate.stop()
    await launcher.close()


async def test_a_launch_that_is_cancelled_leaves_no_process(write_worker: WriteWorker) -> None:
    launcher = PythonLauncher(
        main=write_worker("return Response('x')"), binding_fetch=Containers().fetch, on_log=lambda *_: None
    )
    one = await launcher.launch(1)
    launching = asyncio.create_task(launcher.launch(2))
    while launcher._standing_by is not None:
        await asyncio.sleep(0)
    launching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await launching
    await one.stop()
    await launcher.close()
    assert not psutil.Process().children()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("class Default(WorkerEntrypoint)\n    pass", r"^worker\.py, line 3: SyntaxError: expected ':'$"),
        (
            "import missing_thing\nclass Default: pass",
            r"^worker\.py, line 3: ModuleNotFoundError: No module named 'missing_thing'$",
        ),
        ("x = {}['a']\nclass Default: pass", r"^worker\.py, line 3: KeyError: 'a'$"),
        ("# class Default", r"^worker\.py has no class Default with a fetch method"),
        ("class Default(WorkerEntrypoint): pass", r"^worker\.py has no class Default with a fetch method"),
        ("import sys\nsys.exit(1)\nclass Default: pass", r"^worker\.py, line 4: SystemExit: 1$"),
        ("import os\nos._exit(7)\nclass Default: pass", r"^the Worker's process ended with exit code 7$"),
    ],
)
async def test_a_module_that_cannot_be_loaded_names_file_line_and_error(
    launch: Launch, source: str, message: str
) -> None:
    with pytest.raises(WorkerFailed, match=message) as failed:
        await launch(source)
    assert failed.value.code == 1101


async def test_a_missing_file_is_named(tmp_path: Path, containers: Containers) -> None:
    launcher = PythonLauncher(
        main=tmp_path / "nowhere.py", binding_fetch=containers.fetch, on_log=lambda *_: None
    )
    with pytest.raises(WorkerFailed, match=r"nowhere\.py: no such file in"):
        await launcher.launch(1)
    await launcher.close()


async def test_what_is_printed_at_load_and_past_python_is_logged(launch: Launch, recorder: Recorder) -> None:
    await launch(
        """
        import os, threading
        print("at load")
        thread = threading.Thread(target=print, args=("from a thread",))
        thread.start()
        thread.join()
        os.write(1, b"raw\\n")
        os.write(2, b"raw error\\n")
        class Default(WorkerEntrypoint):
            async def fetch(self, request): ...
        """
    )
    assert await recorder.log_line("at load") == ("", "log", "at load")
    assert await recorder.log_line("from a thread") == ("", "log", "from a thread")
    await recorder.log_line("raw error")


async def test_what_was_printed_before_a_loop_is_told_while_it_runs(
    launch: Launch, recorder: Recorder
) -> None:
    isolate = await launch("print('before')\nwhile True: pass")
    asking = asyncio.create_task(isolate.fetch("t1", visit()))
    assert await recorder.log_line("before") == ("t1", "log", "before")
    assert isolate.running() == "t1"
    isolate.kill("the test has seen enough")
    with pytest.raises(IsolateLost, match="the test has seen enough") as lost:
        await asking
    assert lost.value.began


async def test_the_cpu_time_of_a_request_that_its_isolate_died_of_is_unknown_and_not_zero(
    launch: Launch,
) -> None:
    isolate = await launch(
        """
        async def body():
            yield "first"
            import os
            os._exit(3)
        return Response(body())
        """
    )
    answer = await isolate.fetch("t1", visit())
    assert answer.response.status == 200
    with pytest.raises(BodyLost):
        await read(answer)
    with pytest.raises(WorkerFailed):
        await answer.cpu_time()
    assert isolate.how_it_ended() == "the Worker's process ended with exit code 3"


async def test_stopping_ends_the_process(launch: Launch) -> None:
    isolate = await launch("return Response('x')")
    await isolate.stop()
    assert not psutil.pid_exists(isolate.pid)
    assert isolate.how_it_ended() == "the Worker's process ended with exit code 0"
    with pytest.raises(IsolateLost):
        await isolate.fetch("t1", visit())


ENGINE = """
import asyncio, sys
from pathlib import Path
from core.http.messages import Request
from core.worker.python.launcher import PythonLauncher

async def no_binding(sub_request, request):
    raise AssertionError

async def main():
    launcher = PythonLauncher(main=Path(sys.argv[1]), binding_fetch=no_binding, on_log=lambda *_: None)
    isolate = await launcher.launch(1)
    spare = await launcher._standing_by
    print(isolate.pid, spare.pid, flush=True)
    await isolate.fetch("t1", Request("GET", "/"))

asyncio.run(main())
"""


async def test_all_processes_end_when_their_engine_is_killed_even_in_a_loop(
    write_worker: WriteWorker,
) -> None:
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
        processes = [psutil.Process(int(pid)) for pid in (await engine.stdout.readline()).split()]
        engine.kill()
        await engine.wait()
        for process in processes:
            await asyncio.to_thread(_wait_until_gone, process)
    # Fails where anything is left in it.
    await asyncio.to_thread(sockets.rmdir)


def _wait_until_gone(process: psutil.Process) -> None:
    """Wait for the end of a process that is not a child; one that nobody collects counts as ended."""
    try:
        process.wait(timeout=10)
    except psutil.TimeoutExpired:
        assert process.status() == psutil.STATUS_ZOMBIE
