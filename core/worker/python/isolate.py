"""The process in which a Python Worker runs, apart from the engine: ``python -P -c "… main()"``.

It reads its setup from standard input when there is one, so that a process can stand by with everything
imported. Standard input stays open as long as the engine lives.
"""

import asyncio
import contextlib
import gc
import logging
import mmap
import os
import shutil
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from core.worker.link import payloads
from core.worker.link.frames import Kind, frame
from core.worker.python.loader import LoadError
from core.worker.python.metering import metering_task_factory
from core.worker.python.output import LogHandler, LogStream
from core.worker.python.service import IsolateService
from core.worker.python.setup import Setup, decode_setup
from core.worker.python.visit import LOG_LIMIT_BYTES, LogLevel, Visit

STOP_GRACE_S = 2.0
"""How long the isolate may take to end by itself once the engine has let go of it."""
_READ_BYTES = 65_536


class LogLink:
    """Sends what the Worker says, from any thread, and before there is a loop too."""

    def __init__(self, connected: socket.socket) -> None:
        self._send: Callable[[Kind, int, bytes], None] = lambda kind, number, payload: connected.sendall(
            frame(kind, number, payload)
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.get_ident()

    def enter(self, loop: asyncio.AbstractEventLoop, send: Callable[[Kind, int, bytes], None]) -> None:
        """Send through the loop's own connection from now on."""
        self._loop, self._send = loop, send

    def log(self, number: int, level: LogLevel, text: str) -> None:
        """Send a line of the request of that number."""
        line = payloads.encode(payloads.LogLine(level, text[:LOG_LIMIT_BYTES]))
        if self._loop is None or threading.get_ident() == self._thread:
            self._send(Kind.LOG, number, line)
            return
        with contextlib.suppress(RuntimeError):
            # The loop may be over, and with it the link.
            self._loop.call_soon_threadsafe(self._send, Kind.LOG, number, line)


def main() -> int:
    """Run the isolate until its link or its standard input ends; return the exit code."""
    gc.freeze()
    line = _first_line()
    if not line:
        return 0
    setup = decode_setup(line)
    with open(setup.mark, "r+b") as file:
        marks = memoryview(mmap.mmap(file.fileno(), 8)).cast("I")
    connected = socket.socket(socket.AF_UNIX)
    connected.connect(setup.socket)
    logs = LogLink(connected)
    outside = Visit("", lambda _, level, text: logs.log(0, level, text))
    sys.stdout, sys.stderr = LogStream("log", outside), LogStream("error", outside)
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[LogHandler(outside)])
    sys.dont_write_bytecode = True
    ended = _Ended(Path(setup.socket).parent)
    try:
        service = IsolateService(setup, marks, logs.log, ended.set)
    except LoadError as error:
        outside.flush()
        failure = payloads.encode(payloads.Failed(str(error)))
        connected.sendall(frame(Kind.LOAD_FAILED, 0, failure))
        return 1
    outside.flush()
    asyncio.run(_serve(setup, service, connected, logs, ended))
    return 0


def _first_line() -> bytes:
    pieces: list[bytes] = []
    while not pieces or not pieces[-1].endswith(b"\n"):
        data = os.read(0, _READ_BYTES)
        if not data:
            return b""
        pieces.append(data)
    return b"".join(pieces)


async def _serve(
    setup: Setup, service: IsolateService, connected: socket.socket, logs: LogLink, ended: "_Ended"
) -> None:
    loop = asyncio.get_running_loop()
    ended.enter(loop)
    connected.setblocking(False)
    await loop.create_unix_connection(lambda: service.link, sock=connected)
    loop.set_task_factory(metering_task_factory)
    logs.enter(loop, service.link.send)
    ready = payloads.Ready(service.host.handlers, service.host.classes)
    service.link.send(Kind.READY, 0, payloads.encode(ready))
    await ended.event.wait()
    await service.stop()


class _Ended:
    """Notices the engine's end, even while the loop is stuck; then this process ends too."""

    def __init__(self, folder: Path) -> None:
        self.event = asyncio.Event()
        self._folder = folder
        self._loop: asyncio.AbstractEventLoop | None = None
        threading.Thread(target=self._follow, name="standard input", daemon=True).start()

    def enter(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell this loop."""
        self._loop = loop

    def set(self) -> None:
        """End the process, in time by itself and else by force."""
        self.event.set()
        self._force()

    def _follow(self) -> None:
        while os.read(0, _READ_BYTES):
            pass
        # The engine is gone or has let go: where it was killed, nobody else takes the folder away.
        shutil.rmtree(self._folder, ignore_errors=True)
        self._force()
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self.event.set)

    def _force(self) -> None:
        last_resort = threading.Timer(STOP_GRACE_S, os._exit, args=(0,))
        last_resort.daemon = True
        last_resort.start()
