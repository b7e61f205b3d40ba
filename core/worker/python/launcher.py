"""Start isolates of a Python Worker: a process of its own for each, and one more that stands by."""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import core
from core.worker.isolate import Isolate
from core.worker.link.folder import IsolateFolder
from core.worker.link.log_lines import OnLog
from core.worker.link.opening import open_isolate
from core.worker.link.process import IsolateProcess
from core.worker.python.setup import Setup, encode_setup
from core.worker.python.visit import SUB_REQUEST_LIMIT
from core.worker.runtime import BindingFetch

_COMMAND = (
    sys.executable,
    "-P",
    "-c",
    "from core.worker.python.isolate import main; raise SystemExit(main())",
)
logger = logging.getLogger(__name__)


class PythonLauncher:
    """Starts isolates of the Worker in ``main`` (``class Default(WorkerEntrypoint)``).

    ``variables`` are plain values of ``env``, ``bindings`` gives the name of the container class behind each
    binding; ``binding_fetch`` answers the Worker's calls, ``on_log`` gets what it says. A request that uses
    more than ``cpu_limit_ms`` and lets others have their turn is ended by the isolate itself.
    """

    name = "python"

    def __init__(
        self,
        *,
        main: Path,
        binding_fetch: BindingFetch,
        on_log: OnLog,
        variables: Mapping[str, Any] | None = None,
        bindings: Mapping[str, str] | None = None,
        cpu_limit_ms: float = 30_000,
        sub_request_limit: int = SUB_REQUEST_LIMIT,
    ) -> None:
        self._main = main.absolute()
        self._binding_fetch = binding_fetch
        self._on_log = on_log
        self._variables = dict(variables or {})
        self._bindings = dict(bindings or {})
        self._cpu_limit_ms = cpu_limit_ms
        self._sub_request_limit = sub_request_limit
        self._standing_by: asyncio.Task[IsolateProcess | None] | None = None
        self._closed = False

    async def launch(self, number: int) -> Isolate:
        """Start an isolate with the code as it is now. Raises WorkerFailed (file, line) for broken code."""
        isolate = await open_isolate(
            number,
            self._start,
            IsolateProcess.how_it_ended,
            binding_fetch=self._binding_fetch,
            on_log=self._on_log,
        )
        if self._standing_by is None and not self._closed:
            self._standing_by = asyncio.create_task(_spawn_quietly())
        return isolate

    async def close(self) -> None:
        """End the process that stands by."""
        self._closed = True
        process = await self._take_standing_by()
        if process is not None:
            process.kill("it is not needed any more")
            await process.wait()

    async def _start(self, folder: IsolateFolder) -> IsolateProcess:
        process = await self._take_standing_by()
        if process is None or process.exited.is_set():
            process = await _spawn()
        setup = Setup(
            main=str(self._main),
            socket=str(folder.socket),
            mark=str(folder.mark_path),
            variables=self._variables,
            bindings=self._bindings,
            cpu_limit_ms=self._cpu_limit_ms,
            sub_request_limit=self._sub_request_limit,
        )
        assert process.stdin is not None
        process.stdin.write(encode_setup(setup))
        return process

    async def _take_standing_by(self) -> IsolateProcess | None:
        standing_by, self._standing_by = self._standing_by, None
        if standing_by is None:
            return None
        try:
            return await asyncio.shield(standing_by)
        except asyncio.CancelledError:
            # Whoever wanted it has left: it stands by for the next, or for ``close``.
            self._standing_by = standing_by
            raise


async def _spawn() -> IsolateProcess:
    """Start a process that imports what it needs and waits for its setup. Raises OSError."""
    root = str(Path(core.__file__).parent.parent)
    search_path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    return await IsolateProcess.spawn(_COMMAND, env={**os.environ, "PYTHONPATH": search_path}, stdin=PIPE)


async def _spawn_quietly() -> IsolateProcess | None:
    try:
        return await _spawn()
    except OSError as error:
        # The next launch tries again, and tells whoever waits for it.
        logger.warning("no process can stand by for the Worker: %s", error)
        return None
