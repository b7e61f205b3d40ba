"""The process of one isolate: started in a session of its own, its output kept, its end noticed."""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

try:
    import resource
except ImportError:  # pragma: no cover (not on Windows)
    resource = None  # type: ignore[assignment]

STOP_GRACE_S = 3.0
_LINE_BYTES = 8192
_KEPT_LINES = 60
_OUTPUT_GRACE_S = 0.25
"""How long after the end its last output is waited for: a child that lives on may hold the pipe."""

OnLine = Callable[[str, str], None]
"""Gets "log" or "error" and each line that the process writes by itself."""


class IsolateProcess(asyncio.SubprocessProtocol):
    """A running process; ``on_line``, when set, gets what it writes, ``exited`` is set when it has ended."""

    def __init__(self, out_of_memory_signs: Sequence[str] = ()) -> None:
        self.pid = 0
        self.exited = asyncio.Event()
        self.output: deque[str] = deque(maxlen=_KEPT_LINES)
        """The last lines that it wrote, to explain its end."""
        self.on_exit: Callable[[], None] | None = None
        self.on_line: OnLine | None = None
        self.killed_for = ""
        """Why the engine killed it; empty when it did not."""
        self._out_of_memory_signs = out_of_memory_signs
        self._ran_out_of_memory = False
        self._exit_code: int | None = None
        self._rest = {1: b"", 2: b""}
        """What came behind the last line feed, by descriptor, while the pipe is open."""
        self._transport: asyncio.SubprocessTransport

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
        _, process = await asyncio.get_running_loop().subprocess_exec(
            lambda: cls(out_of_memory_signs),
            *command,
            stdin=stdin,
            stdout=PIPE,
            stderr=PIPE,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
        _without_core_dump(process.pid)
        return process

    @property
    def stdin(self) -> asyncio.WriteTransport | None:
        """Return the way to its standard input, where that was asked for."""
        pipe = self._transport.get_pipe_transport(0)
        return cast("asyncio.WriteTransport | None", pipe)

    @property
    def exit_code(self) -> int | None:
        """Return its exit code, negative for a signal; None while it runs."""
        return self._exit_code

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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self.pid = self._transport.get_pid()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        *lines, rest = (self._rest[fd] + data).split(b"\n")
        for line in lines:
            self._take_line(fd, line)
        while len(rest) > _LINE_BYTES:
            self._take_line(fd, rest[:_LINE_BYTES])
            rest = rest[_LINE_BYTES:]
        self._rest[fd] = rest

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if rest := self._rest.pop(fd, b""):
            self._take_line(fd, rest)
        if not self._rest and self._exit_code is not None:
            self._end()

    def process_exited(self) -> None:
        self._exit_code = self._transport.get_returncode()
        # What it started must not outlive it, nor hold the pipes.
        self._kill_group()
        if self._rest:
            asyncio.get_running_loop().call_later(_OUTPUT_GRACE_S, self._end)
        else:
            self._end()

    def _end(self) -> None:
        if self.exited.is_set():
            return
        self._transport.close()
        self.exited.set()
        if self.on_exit is not None:
            self.on_exit()

    def _take_line(self, fd: int, line: bytes) -> None:
        text = line[:_LINE_BYTES].decode("utf-8", "replace").rstrip("\r")
        self.output.append(text)
        if any(sign in text for sign in self._out_of_memory_signs):
            self._ran_out_of_memory = True
        if self.on_line is not None:
            self.on_line("log" if fd == 1 else "error", text)

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


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
