"""What is known of each started container: where it is reached, how it is read, and how it ends."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.cgroups import CgroupReader
from core.containers.drivers.docker.connection import Json
from core.containers.drivers.docker.errors import EngineError, EngineLost
from core.containers.drivers.docker.sandboxes import Sandbox
from core.containers.drivers.docker.spec import MIB
from core.containers.drivers.docker.stats import StatsReader
from core.containers.drivers.protocol import ContainerConnectionError, Exit, InstancePlan, Sample

LOG_TAIL_LINES = 10
LAST_WORDS_S = 0.1
"""How long after its end a program's last answer may still be on its way."""
KILLED_EXIT_CODE = 137
"""128 + SIGKILL: what a program has that was killed, for memory or by hand."""


@dataclass(slots=True)
class Instance:
    """One created container."""

    plan: InstancePlan
    container: str
    """The container's id."""
    sandbox: Sandbox | None = None
    """Whose network it has joined, where it has none of its own."""
    frozen: bool = False
    is_gone: bool = False
    """The Engine has told that it was removed."""
    is_misnamed: bool = False
    """It was prepared under another name than its instance's."""
    host: str = ""
    port: int = 0
    pid: int = 0
    """The container's first process as its Engine's host numbers it."""
    memory_was_short: bool = False
    """The kernel has killed one of its processes for memory."""
    exit: "asyncio.Task[Exit] | None" = None
    reader: CgroupReader | StatsReader | None = None
    requests: set["asyncio.Task[object]"] = field(default_factory=set)
    """Those that wait for the head of a response."""

    def watch_exit(self, api: EngineApi) -> None:
        """Begin to wait for the container's end."""
        self.exit = asyncio.ensure_future(self._ended(api))
        self.exit.add_done_callback(self._has_ended)

    def reach(self, network: Json, published_on: str | None) -> None:
        """Note where it is reached: by an address of its own, or at a port published on an address."""
        port = self.plan.container.port
        if published_on is None:
            [joined] = network["Networks"].values()
            self.host, self.port = str(joined["IPAddress"]), port
        else:
            published = (network["Ports"] or {}).get(f"{port}/tcp") or []
            self.host, self.port = published_on, int(published[0]["HostPort"]) if published else 0

    def sample(self) -> Sample | None:
        """Read its memory and CPU; None where there is nothing to read."""
        reading = self.reader.read() if self.reader else None
        if reading is None:
            return None
        return Sample(
            self.plan.instance,
            reading.memory_bytes / MIB,
            reading.app_bytes / MIB,
            float(self.plan.limits.memory_mib),
            reading.cpu_total_s,
        )

    @property
    def has_ended(self) -> bool:
        """Say whether the program is known to have ended."""
        return self.exit is not None and self.exit.done()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Wait inside for a response's head; raises ContainerConnectionError when the program ends first.

        The address of an ended container refuses nothing: a connection to it would hang for seconds.
        """
        task = asyncio.current_task()
        assert task is not None
        canceled_before = task.cancelling()
        self.requests.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if task not in self.requests and task.uncancel() <= canceled_before:
                raise ContainerConnectionError("the program ended", connected=True) from None
            raise
        finally:
            self.requests.discard(task)

    def _has_ended(self, exit_task: "asyncio.Task[Exit]") -> None:
        if not exit_task.cancelled():
            exit_task.exception()  # Whoever waits for the exit is told; nobody may be waiting.
        if self.requests:
            asyncio.get_running_loop().call_later(LAST_WORDS_S, self._give_up_requests)

    def _give_up_requests(self) -> None:
        waiting, self.requests = self.requests, set()
        for task in waiting:
            task.cancel()

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
