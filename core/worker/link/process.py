"""The process of one isolate: started in a session of its own, its output kept, its end noticed."""

import asyncio
import contextlib
import logging
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

try:
    import resource
except ImportError:  # pragma: no cover (not on Windows)
    resource = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

STOP_GRACE_S = 3.0
_READ_BYTES = 65_536
_LINE_BYTES = 8192
_KEPT_LINES = 60
_OUTPUT_GRACE_S = 0.25
"""How long after the end its last output is waited for: a child that lives on may hold the pipe."""

OnLine = Callable[[str, str], None]
"""Gets "log" or "error" and each line that the process writes by itself."""


class IsolateProcess:
    """A running process; ``on_line``, when set, gets what it writes, ``exited`` is set when it has ended."""

    def __init__(self, process: Process, out_of_memory_signs: Sequence[str] = ()) -> None:
        self.pid = process.pid
        self.exited = asyncio.Event()
        self.output: deque[str] = deque(maxlen=_KEPT_LINES)
        """The last lines that it wrote, to explain its end."""
        self.on_exit: Callable[[], None] | None = None
        self.on_line: OnLine | None = None
        self._out_of_memory_signs = out_of_memory_signs
        self._ran_out_of_memory = False
        self.killed_for = ""
        """Why the engine killed it; empty when it did not."""
        self._process = process
        self._readers = [
            asyncio.create_task(self._read(stream, level))
            for stream, level in ((process.stdout, "log"), (process.stderr, "error"))
            if stream is not None
        ]
        self._waiter = asyncio.create_task(self._wait())

    @classmethod
    async def spawn(
        cls,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        stdin: int = DEVNULL,
        out_of_memory_signs: Sequence[str] = (),
    ) -> "IsolateProcess":
        """Start a program. Raises OSError when it cannot be executed.

        ``out_of_memory_signs``: texts in its output by which its end is known as one of memory.
        """
        process = await asyncio.create_subprocess_exec(
            *command, stdin=stdin, stdout=PIPE, stderr=PIPE, env=env, cwd=cwd, start_new_session=True
        )
        _without_core_dump(process.pid)
        return cls(process, out_of_memory_signs)

    @property
    def stdin(self) -> asyncio.StreamWriter | None:
        """Return the way to its standard input, where that was asked for."""
        return self._process.stdin

    @property
    def exit_code(self) -> int | None:
        """Return its exit code, negative for a signal; None while it runs."""
        return self._process.returncode

    def how_it_ended(self) -> str:
        """Return how the process ended, in words; the reason of ``kill`` where it was killed."""
        code = self.exit_code
        if self.killed_for:
            return self.killed_for
        if code is None:
            return "the Worker's process has not ended"
        if code < 0:
            return f"the Worker's process was ended by {_signal_name(-code)}"
        return f"the Worker's process ended with exit code {code}"

    def ran_out_of_memory(self) -> bool:
        """Say whether it ended by itself, telling that its memory was used up."""
        return self._ran_out_of_memory and not self.killed_for and self.exit_code not in (None, 0)

    def kill(self, reason: str) -> None:
        """End the process, and what it started, at once."""
        if not self.exited.is_set() and self.exit_code is None:
            self.killed_for = self.killed_for or reason
            self._kill_group()

    async def wait(self, timeout_s: float = STOP_GRACE_S) -> None:
        """Wait for its end; kill it when it has not come in time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self.exited.wait()
        except TimeoutError:
            self.kill("it did not stop when asked to")
            await self.exited.wait()

    async def _wait(self) -> None:
        await self._process.wait()
        # What it started must not outlive it, nor hold the pipes.
        self._kill_group()
        if self._readers:
            await asyncio.wait(self._readers, timeout=_OUTPUT_GRACE_S)
        for reader in self._readers:
            reader.cancel()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self.exited.set()
        if self.on_exit is not None:
            self.on_exit()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def _read(self, stream: asyncio.StreamReader, level: str) -> None:
        async for line in _lines(stream):
            text = line.decode("utf-8", "replace").rstrip("\r")
            self.output.append(text)
            if any(sign in text for sign in self._out_of_memory_signs):
                self._ran_out_of_memory = True
            if self.on_line is not None:
                self.on_line(level, text)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _without_core_dump(pid: int) -> None:
    """Keep a crash from writing the Worker's whole memory, secrets included, to a file."""
    if hasattr(resource, "prlimit"):
        with contextlib.suppress(OSError):
            resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield lines, long ones cut to pieces."""
    rest = b""
    while data := await stream.read(_READ_BYTES):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line[:_LINE_BYTES]
        if len(rest) > _LINE_BYTES:
            yield rest
            rest = b""
    if rest:
        yield rest
