"""An isolate opens with its Worker loaded, or says why not and leaves nothing."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.worker.isolate import IsolateLost
from core.worker.link import opening
from core.worker.link.folder import IsolateFolder
from core.worker.link.frames import Kind
from core.worker.link.opening import open_isolate
from core.worker.link.process import IsolateProcess
from core.worker.runtime import WorkerFailed
from tests.core.worker.link.conftest import WAIT_S, Bindings, Peer, explain, waiting_process

Spawn = Callable[[IsolateFolder], Awaitable[IsolateProcess]]


async def open_with(spawn: Spawn, log: list[Any] | None = None) -> Any:
    """Open an isolate."""
    return await open_isolate(
        1,
        spawn,
        explain,
        binding_fetch=Bindings().fetch,
        on_log=lambda *line: None if log is None else log.append(line),
    )


class Spawning:
    """Starts a process, and keeps what it was started with."""

    def __init__(self, code: str = "import time; time.sleep(600)") -> None:
        self.code = code
        self.folder: IsolateFolder | None = None
        self.process: IsolateProcess | None = None

    async def __call__(self, folder: IsolateFolder) -> IsolateProcess:
        self.folder = folder
        self.process = await IsolateProcess.spawn([sys.executable, "-c", self.code], env=dict(os.environ))
        return self.process

    def left(self) -> bool:
        """Say whether something of it is left."""
        assert self.folder is not None
        assert self.process is not None
        return self.folder.path.exists() or not self.process.exited.is_set()


async def test_a_worker_that_cannot_be_loaded_says_why() -> None:
    peer, spawning = Peer(), Spawning()

    async def spawn(folder: IsolateFolder) -> IsolateProcess:
        process = await spawning(folder)
        await asyncio.get_running_loop().create_unix_connection(lambda: peer.link, str(folder.socket))
        peer.send(Kind.LOAD_FAILED, 0, {"message": "worker.ts, line 2: SyntaxError: no"})
        return process

    with pytest.raises(WorkerFailed, match=r"worker\.ts, line 2"):
        await open_with(spawn)
    assert not spawning.left()


async def test_a_process_that_ends_before_is_explained() -> None:
    spawning = Spawning("print('what it said'); exit(4)")
    with pytest.raises(WorkerFailed, match="ended with exit code 4: what it said"):
        await open_with(spawning)
    assert not spawning.left()


async def test_a_worker_that_does_not_load_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "START_TIMEOUT_S", 0.05)
    spawning = Spawning()
    with pytest.raises(WorkerFailed, match=r"did not load within 0\.05 s"):
        await open_with(spawning)
    assert not spawning.left()


async def test_a_program_that_cannot_be_started_is_told() -> None:
    async def spawn(_: IsolateFolder) -> IsolateProcess:
        return await IsolateProcess.spawn(["/nowhere/at-all"], env={})

    with pytest.raises(WorkerFailed, match=r"no process for the Worker could be started: .*No such file"):
        await open_with(spawn)


async def test_cancelling_leaves_nothing() -> None:
    spawning = Spawning("print('here', flush=True); import time; time.sleep(600)")
    opening_it = asyncio.create_task(open_with(spawning))
    async with asyncio.timeout(WAIT_S):
        while spawning.process is None or not spawning.process.output:
            await asyncio.sleep(0)
    opening_it.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening_it
    assert not spawning.left()


async def test_what_was_written_while_it_loaded_is_logged_afterwards() -> None:
    peer = Peer()
    log: list[tuple[str, str, str]] = []

    async def spawn(folder: IsolateFolder) -> IsolateProcess:
        process = await Spawning("print('early', flush=True); import time; time.sleep(600)")(folder)
        while not process.output:
            await asyncio.sleep(0)
        await peer.connect(folder)
        return process

    isolate = await open_with(spawn, log)
    assert log == [("", "error", "early")]
    await isolate.stop()
    with pytest.raises(IsolateLost):
        await isolate.ping()


async def test_stopping_ends_an_isolate_that_heeds_its_link() -> None:
    peer = Peer()

    async def spawn(folder: IsolateFolder) -> IsolateProcess:
        process = await waiting_process(folder)
        await peer.connect(folder)
        return process

    isolate = await open_with(spawn)
    stopping = asyncio.create_task(isolate.stop())
    await asyncio.wait_for(peer.lost.wait(), WAIT_S)
    isolate.kill("heeded")
    await stopping
    assert isolate.exited.is_set()
    assert isolate.how_it_ended() == "heeded"
