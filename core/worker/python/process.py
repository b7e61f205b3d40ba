"""One isolate seen from the engine: its process, its pipes, and what it has reported."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import core
from core.worker.python.reports import (
    LoadFailed,
    Log,
    Message,
    Pong,
    Ready,
    Report,
    Setup,
    Stop,
    decode_report,
    encode_line,
)
from core.worker.runtime import WorkerFailed

START_TIMEOUT_S = 30.0
STOP_GRACE_S = 3.0
_READ_BYTES = 65_536
_RAW_LINE_LIMIT = 8192

logger = logging.getLogger(__name__)

OnReport = Callable[[Report], None]


class IsolateProcess:
    """A running isolate. ``on_report`` gets what it reports, but for what concerns its start."""

    def __init__(self, process: Process, socket: str, on_report: OnReport) -> None:
        self.socket = socket
        self.pid = process.pid
        self.exited = asyncio.Event()
        self.last_pong = 0
        self.killed_for = ""
        """Why the engine killed it; empty when it did not."""
        self._process = process
        self._on_report = on_report
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks = [
            asyncio.create_task(self._read_reports()),
            asyncio.create_task(self._read_raw_output()),
            asyncio.create_task(self._wait()),
        ]

    @classmethod
    async def spawn(cls, setup: Setup, on_report: OnReport) -> "IsolateProcess":
        """Start an isolate; ``wait_until_ready`` tells when it serves."""
        root = str(Path(core.__file__).parent.parent)
        search_path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "core.worker.python.isolate",
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env={**os.environ, "PYTHONPATH": search_path},
            start_new_session=True,
        )
        isolate = cls(process, setup.socket, on_report)
        isolate.tell(setup)
        return isolate

    async def wait_until_ready(self) -> None:
        """Return when the Worker is loaded and served. Raises WorkerFailed when it cannot be."""
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await asyncio.shield(self._ready)
        except TimeoutError:
            raise WorkerFailed(f"the Worker's module did not load within {START_TIMEOUT_S:g} s") from None

    def tell(self, message: Message) -> None:
        """Send a command; one that has ended hears nothing."""
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(encode_line(message))

    def how_it_ended(self) -> str:
        """Return how the process ended, in words."""
        code = self._process.returncode
        if self.killed_for:
            return self.killed_for
        if code is not None and code < 0:
            return f"the Worker's process was ended by {signal.Signals(-code).name}"
        return f"the Worker's process ended with exit code {code}"

    def kill(self, reason: str) -> None:
        """End the process, and what it started, at once."""
        if not self.exited.is_set():
            self.killed_for = reason
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """Let the process end by itself, and end it when it does not."""
        self.tell(Stop())
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(STOP_GRACE_S):
                await self.exited.wait()
        except TimeoutError:
            self.kill("it did not stop when asked to")
        for failure in await asyncio.gather(*self._tasks, return_exceptions=True):
            if failure is not None:
                logger.error("reading what an isolate says failed: %r", failure)
        # The pipes' transports close in the loop's next turn.
        await asyncio.sleep(0)

    async def _wait(self) -> None:
        await self._process.wait()
        self.exited.set()
        if self._process.stdin is not None:
            self._process.stdin.close()
        if not self._ready.done():
            self._ready.set_exception(WorkerFailed(self.how_it_ended()))
            # Read here too, so that one whom nobody waits for is no unread error.
            self._ready.exception()

    async def _read_reports(self) -> None:
        assert self._process.stdout is not None
        async for line in _lines(self._process.stdout):
            self._take(decode_report(line))

    def _take(self, report: Report) -> None:
        if isinstance(report, Pong):
            self.last_pong = report.number
        elif isinstance(report, Ready):
            self._ready.set_result(None)
        elif isinstance(report, LoadFailed):
            self._ready.set_exception(WorkerFailed(report.message))
            self._ready.exception()
        else:
            self._on_report(report)

    async def _read_raw_output(self) -> None:
        """Log what the process writes past Python: crash messages, native libraries, its children."""
        assert self._process.stderr is not None
        async for line in _lines(self._process.stderr):
            text = line[:_RAW_LINE_LIMIT].decode("utf-8", "replace")
            self._on_report(Log(trace_id="", level="error", text=text))


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    pieces: list[bytes] = []
    while data := await stream.read(_READ_BYTES):
        first, *more = data.split(b"\n")
        pieces.append(first)
        for start in more:
            yield b"".join(pieces)
            pieces = [start]
    if any(pieces):
        yield b"".join(pieces)
