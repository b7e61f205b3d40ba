"""Start an isolate: its folder, its process, its link, until the Worker is loaded or cannot be."""

import asyncio
from collections.abc import Awaitable, Callable

from core.worker.isolate import IsolateLost
from core.worker.link.folder import IsolateFolder
from core.worker.link.isolate import LinkIsolate
from core.worker.link.log_lines import OnLog
from core.worker.link.process import IsolateProcess
from core.worker.runtime import BindingFetch, WorkerFailed

START_TIMEOUT_S = 30.0

Spawn = Callable[[IsolateFolder], Awaitable[IsolateProcess]]
"""Starts the process; its program connects to ``folder.socket`` and marks in ``folder.mark_path``."""
Explain = Callable[[IsolateProcess], str]
"""Says in words why a process ended before the Worker was loaded."""
ExplainLoad = Callable[[str], str]
"""Makes of LOAD_FAILED's message what the user reads."""


async def open_isolate(
    number: int,
    spawn: Spawn,
    explain: Explain,
    *,
    binding_fetch: BindingFetch,
    on_log: OnLog,
    explain_load: ExplainLoad = str,
) -> LinkIsolate:
    """Return an isolate with the Worker loaded. Raises WorkerFailed (file, line) for broken code.

    What the process writes by itself goes to ``on_log`` once the Worker is loaded, and into the error else.
    """
    folder = IsolateFolder()
    isolate = LinkIsolate(number, folder, binding_fetch, on_log)
    process: IsolateProcess | None = None
    try:
        await folder.listen(isolate.link)
        process = await spawn(folder)
        isolate.attach(process)
        async with asyncio.timeout(START_TIMEOUT_S):
            await asyncio.shield(isolate.ready)
        folder.shut()
    except BaseException as error:
        isolate.kill("it was not started to its end")
        await isolate.stop()
        if isinstance(error, WorkerFailed):
            raise WorkerFailed(explain_load(error.message)) from error
        if isinstance(error, IsolateLost):
            raise WorkerFailed(explain(process) if process is not None else error.message) from error
        if isinstance(error, TimeoutError):
            raise WorkerFailed(f"the Worker's module did not load within {START_TIMEOUT_S:g} s") from error
        if isinstance(error, OSError):
            raise WorkerFailed(f"no process for the Worker could be started: {error}") from error
        raise
    _log_output(process, on_log)
    return isolate


def _log_output(process: IsolateProcess, on_log: OnLog) -> None:
    """Log what was written so far, and what comes from now on."""
    for text in process.output:
        on_log("", "error", text)
    process.on_line = lambda level, text: on_log("", "error" if level == "error" else "log", text)
