"""Run ``hybrid-tui up --headless --json`` as a user does, and read its lines."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from core.events.codec import decode
from core.events.types import AnyEvent, EngineStarted, Event

E = TypeVar("E", bound=Event)

COMMAND = (sys.executable, "-m", "tui.cli")
ENOUGH_S = 60.0
"""How long a test waits for an event before it has failed."""


@dataclass
class Running:
    """One engine under test: its process, and the events that it has printed so far."""

    process: asyncio.subprocess.Process
    events: list[AnyEvent] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def read_events(self) -> None:
        """Keep reading lines until the engine closes its output."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            async with self._changed:
                self.events.append(decode(line))
                self._changed.notify_all()

    async def read_errors(self) -> None:
        """Keep what the engine says on standard error."""
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            async with self._changed:
                self.errors.append(line.decode())
                self._changed.notify_all()

    def all(self, kind: type[E]) -> list[E]:
        """Return the events of one type so far."""
        return [event for event in self.events if isinstance(event, kind)]

    async def wait_for(self, kind: type[E], which: Callable[[E], bool] = lambda _: True) -> E:
        """Return the first event of this type that fits, waiting for it where it must."""

        def found() -> list[E]:
            return [event for event in self.all(kind) if which(event)]

        try:
            async with asyncio.timeout(ENOUGH_S), self._changed:
                await self._changed.wait_for(found)
        except TimeoutError:
            said = "".join(self.errors)
            raise AssertionError(f"no {kind.__name__} came; {self.events[-3:]}; {said}") from None
        return found()[0]

    async def wait_for_count(self, kind: type[E], count: int) -> list[E]:
        """Return all events of this type when there are ``count`` of them."""
        async with asyncio.timeout(ENOUGH_S), self._changed:
            await self._changed.wait_for(lambda: len(self.all(kind)) >= count)
        return self.all(kind)

    async def wait_for_error(self, text: str) -> None:
        """Return when the engine has said this on standard error."""
        async with asyncio.timeout(ENOUGH_S), self._changed:
            await self._changed.wait_for(lambda: any(text in line for line in self.errors))

    async def url(self) -> str:
        """Return the address of the edge."""
        return (await self.wait_for(EngineStarted)).url

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """End the engine and return its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(ENOUGH_S):
            return await self.process.wait()


def environment(state: Path) -> dict[str, str]:
    """Return the environment for an engine that keeps its state in a folder of the test's own."""
    return {**os.environ, "HYBRID_TUI_STATE": str(state), "NO_COLOR": "1"}


def hybrid_tui(state: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run one command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], env=environment(state), capture_output=True, text=True, check=False
    )


@asynccontextmanager
async def up(
    project: Path, *options: str, state: Path | None = None, command: Sequence[str] = COMMAND
) -> AsyncIterator[Running]:
    """Run the project headless on a free port, and end it afterwards."""
    process = await asyncio.create_subprocess_exec(
        *command, "up", str(project), "--headless", "--json", "--port", "0", *options,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(state or project.parent),
        limit=2**24,
    )  # fmt: skip
    running = Running(process)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(running.read_events())
        tasks.create_task(running.read_errors())
        try:
            yield running
        finally:
            await running.stop()
