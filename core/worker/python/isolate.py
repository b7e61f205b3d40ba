"""The process in which a Python Worker runs, apart from the engine: ``python -m core.worker.python.isolate``.

Its standard input brings commands and, by ending, the engine's end; its standard output carries reports.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from core.http.server import serve_unix
from core.worker.python.loader import LoadError
from core.worker.python.metering import metering_task_factory
from core.worker.python.output import LogHandler, LogStream
from core.worker.python.reports import (
    LoadFailed,
    Log,
    LogLevel,
    Message,
    Ping,
    Pong,
    Ready,
    Setup,
    Stop,
    decode_command,
    encode_line,
)
from core.worker.python.service import IsolateService
from core.worker.python.visit import Visit

STOP_GRACE_S = 2.0
"""How long the isolate may take to end by itself once the engine has let go of it."""


class Reports:
    """The way out for reports; whole lines, from any thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Write one report, waiting while the engine is slow."""
        line = memoryview(encode_line(message))
        # The engine may be gone: then this process ends too, and nobody is left to tell.
        with self._lock, contextlib.suppress(BrokenPipeError):
            while line:
                line = line[os.write(self._descriptor, line) :]

    def log(self, trace_id: str, level: LogLevel, text: str) -> None:
        """Report a line of the log."""
        self.send(Log(trace_id=trace_id, level=level, text=text))


def main() -> int:
    """Run the isolate until its standard input ends; return the exit code."""
    commands = os.fdopen(os.dup(0), "rb")
    reports = Reports(os.dup(1))
    # Whatever writes to the plain descriptors must not end up between commands or reports.
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    setup = decode_command(commands.readline())
    if not isinstance(setup, Setup):
        return 2
    outside = Visit("", reports.log)
    sys.stdout, sys.stderr = LogStream("log", outside), LogStream("error", outside)
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[LogHandler(outside)])
    sys.dont_write_bytecode = True
    try:
        service = IsolateService(setup, reports.send)
    except LoadError as error:
        outside.flush()
        reports.send(LoadFailed(message=str(error)))
        return 1
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(setup, service, commands, reports))
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(setup: Setup, service: IsolateService, commands: BinaryIO, reports: Reports) -> None:
    loop = asyncio.get_running_loop()
    loop.set_task_factory(metering_task_factory)
    stop = asyncio.Event()
    server = await serve_unix(service.handle, Path(setup.socket))
    listener = threading.Thread(
        target=_follow_commands, args=(setup, commands, reports, loop, stop), name="commands", daemon=True
    )
    listener.start()
    reports.send(Ready())
    await stop.wait()
    await server.stop()
    await service.stop()


def _follow_commands(
    setup: Setup, commands: BinaryIO, reports: Reports, loop: asyncio.AbstractEventLoop, stop: asyncio.Event
) -> None:
    """Pass pings to the loop; end the process when the commands end, even when the loop is stuck."""
    orphaned = True
    for line in commands:
        command = decode_command(line)
        if isinstance(command, Ping):
            loop.call_soon_threadsafe(reports.send, Pong(number=command.number))
        orphaned = orphaned and not isinstance(command, Stop)
    if orphaned:
        # The engine was killed: nobody else takes its private folder away.
        shutil.rmtree(Path(setup.socket).parent, ignore_errors=True)
    last_resort = threading.Timer(STOP_GRACE_S, os._exit, args=(0,))
    last_resort.daemon = True
    last_resort.start()
    with contextlib.suppress(RuntimeError):
        # The loop may have closed by itself already.
        loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    sys.exit(main())
