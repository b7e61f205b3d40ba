"""A process of an isolate: its output is kept, its end is told in words, and nothing of it is left."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from core.worker.link.process import IsolateProcess
from tests.core.worker.link.conftest import WAIT_S


async def python(code: str, **options: object) -> IsolateProcess:
    """Start a program."""
    return await IsolateProcess.spawn([sys.executable, "-c", code], env=dict(os.environ), **options)  # type: ignore[arg-type]


async def ended(process: IsolateProcess) -> None:
    await asyncio.wait_for(process.exited.wait(), WAIT_S)


async def test_what_it_writes_comes_line_by_line_and_is_kept() -> None:
    lines: list[tuple[str, str]] = []
    code = "import sys; input(); print('one\\ntwo'); sys.stderr.write('bad \\udcff no line feed'); exit(3)"
    process = await python(code, stdin=asyncio.subprocess.PIPE)
    process.on_line = lambda level, text: lines.append((level, text))
    assert process.stdin is not None
    process.stdin.write(b"\n")
    await ended(process)
    assert [text for level, text in lines if level == "log"] == ["one", "two"]
    assert [text for level, text in lines if level == "error"] == ["bad \\udcff no line feed"]
    assert sorted(process.output) == sorted(text for _, text in lines)
    assert process.how_it_ended() == "the Worker's process ended with exit code 3"


async def test_the_reason_of_a_kill_is_how_it_ended() -> None:
    process = await python("import time; time.sleep(600)")
    process.kill("used too much")
    process.kill("a second reason")
    await ended(process)
    assert process.how_it_ended() == "used too much"
    assert process.exit_code == -signal.SIGKILL


async def test_a_signal_is_named() -> None:
    process = await python("import os; os.abort()")
    await ended(process)
    assert process.how_it_ended() == "the Worker's process was ended by SIGABRT"
    assert not process.ran_out_of_memory()


@pytest.mark.parametrize(("code", "known"), [(1, True), (0, False)])
async def test_an_end_for_lack_of_memory_is_known_by_what_it_says(code: int, known: bool) -> None:
    process = await python(
        f"print('# heap limit #'); exit({code})", out_of_memory_signs=("heap limit", "other")
    )
    await ended(process)
    assert process.ran_out_of_memory() is known


async def test_a_process_that_does_not_stop_is_killed() -> None:
    process = await python("import time; time.sleep(600)")
    await process.wait(timeout_s=0.01)
    assert process.how_it_ended() == "it did not stop when asked to"


async def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys; child = subprocess.Popen(['sleep', '600']); "
        "print(child.pid, flush=True); sys.stdin.read()"
    )
    came = asyncio.Event()
    process = await python(code, stdin=asyncio.subprocess.PIPE)
    process.on_line = lambda *_: came.set()
    await asyncio.wait_for(came.wait(), WAIT_S)
    child = psutil.Process(int(process.output[0]))
    assert process.stdin is not None
    process.stdin.close()
    await ended(process)
    assert process.exit_code == 0
    await asyncio.to_thread(psutil.wait_procs, [child], WAIT_S)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@pytest.mark.skipif(not hasattr(psutil.Process, "rlimit"), reason="limits of others are read on Linux")
async def test_it_leaves_no_core_file() -> None:
    process = await python("import time; time.sleep(600)")
    assert psutil.Process(process.pid).rlimit(psutil.RLIMIT_CORE) == (0, 0)
    process.kill("the test")
    await ended(process)


async def test_a_program_that_is_not_there_raises() -> None:
    with pytest.raises(FileNotFoundError):
        await IsolateProcess.spawn(["/nowhere/at-all"], env={})
