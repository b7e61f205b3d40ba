"""What is known of each started container: where it is reached, how it is read, and how it ends."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.cgroups import CgroupReader
from core.containers.drivers.docker.errors import EngineError, EngineLost
from core.containers.drivers.docker.stats import StatsReader
from core.containers.drivers.protocol import Exit, InstancePlan

LOG_TAIL_LINES = 10
KILLED_EXIT_CODE = 137
"""128 + SIGKILL: what a program has that was killed, for memory or by hand."""


@dataclass(slots=True)
class Instance:
    """One created container."""

    plan: InstancePlan
    container: str
    """The container's id."""
    host: str = ""
    port: int = 0
    pid: int = 0
    """The container's first process as its Engine's host numbers it."""
    memory_was_short: bool = False
    """The kernel has killed one of its processes for memory."""
    exit: "asyncio.Task[Exit] | None" = None
    reader: CgroupReader | StatsReader | None = None
    background: set["asyncio.Task[Any]"] = field(default_factory=set)

    def watch_exit(self, api: EngineApi) -> None:
        """Begin to wait for the container's end."""
        self.exit = asyncio.ensure_future(self._ended(api))
        self.exit.add_done_callback(_take_note)

    async def _ended(self, api: EngineApi) -> Exit:
        try:
            exit_code = await _wait(api, self.container)
            state = (await api.container(self.container))["State"]
            tail = await api.log_tail(self.container, LOG_TAIL_LINES)
        except EngineError as error:
            if error.status in (404, 409):
                return Exit(None, self.memory_was_short, "its container was removed")
            raise
        killed_for_memory = bool(state.get("OOMKilled")) or self.memory_was_short
        message = str(state.get("Error") or "").strip() or tail.strip()
        return Exit(exit_code, killed_for_memory and exit_code == KILLED_EXIT_CODE, message)

    def forget(self) -> None:
        """Let go of the files, streams and calls that belong to it."""
        if self.reader is not None:
            self.reader.close()
        if self.exit is not None:
            self.exit.cancel()


async def _wait(api: EngineApi, container: str) -> int:
    """Wait for the container's end; a connection that broke alone is made again."""
    while True:
        try:
            return await api.wait_container(container)
        except EngineLost:
            await api.ping()


def _take_note(task: "asyncio.Task[Exit]") -> None:
    """Take the error from a task that nobody waits for; whoever waits gets it too."""
    if not task.cancelled():
        task.exception()


def exit_reason(ended: Exit) -> str:
    """Say in a sentence how a program ended, with the last it printed."""
    if ended.out_of_memory:
        text = "it was killed as it used more memory than its instance type has"
    elif ended.exit_code is None:
        text = "it ended"
    else:
        text = f"it ended with exit code {ended.exit_code}"
    lines = ended.message.splitlines()
    return "\n  ".join([f"{text}; its last output:", *lines]) if lines else f"{text} and printed nothing"
