"""Isolates end with the engine, however it ends; those that have ended are left alone."""

import asyncio
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path

from core.worker.workerd.guard import Guard


async def _sleeper() -> Process:
    return await asyncio.create_subprocess_exec("sleep", "600", stdin=DEVNULL, start_new_session=True)


async def test_the_end_of_the_engine_ends_what_is_watched(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "secrets").write_text("s")
    watched, forgotten = await _sleeper(), await _sleeper()
    guard = Guard(folder)
    await guard.start()
    guard.watch(watched.pid)
    guard.watch(forgotten.pid)
    guard.forget(forgotten.pid)
    # Its input ends here as it does when the engine is killed.
    await guard.stop()
    assert await asyncio.wait_for(watched.wait(), 20) == -9
    assert forgotten.returncode is None
    forgotten.kill()
    await forgotten.wait()
    assert not folder.exists()


async def test_a_guard_that_never_started_stops(tmp_path: Path) -> None:
    await Guard(tmp_path).stop()
