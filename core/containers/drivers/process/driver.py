"""Run the instances of one region as local child processes."""

import asyncio
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.containers.drivers.process import disks
from core.containers.drivers.process.child import Child, spawn
from core.containers.drivers.process.command import Command, make_command
from core.containers.drivers.process.leftovers import LedgerFile, remove_dead, run_mark, started_s
from core.containers.drivers.process.ports import HOST, NoFreePort, Ports
from core.containers.drivers.process.probe import wait_until_listening
from core.containers.drivers.process.watch import MemoryWatch
from core.containers.drivers.protocol import (
    ContainerConnectionError,
    DriverUnavailable,
    Exit,
    InstancePlan,
    Progress,
    Sample,
    StartFailed,
)
from core.events.types import DriverName, Kind
from core.http.client import PooledClient
from core.http.errors import ConnectFailed, ConnectionLost
from core.http.messages import Request, Response
from core.model.start_policies import StartPolicyName

_KILLED_WITHIN_S = 5.0


class ProcessDriver:
    """Run instances as child processes; ``watch`` and ``ports`` are shared by the regions of an engine.

    Memory is limited as the platform does it (the program is killed); CPU is not limited. The working
    folder is the deployment's; of an instance's own is the folder that its TMPDIR names (see ``disks``).
    """

    name: DriverName = "process"
    kind: Kind = "measured"

    def __init__(
        self, deployment: str, region: str, watch: MemoryWatch | None = None, ports: Ports | None = None
    ) -> None:
        self._deployment = deployment
        self._region = region
        self._watch = watch or MemoryWatch()
        self._ports = ports or Ports()
        self._ledger = LedgerFile(deployment, region)
        self._owner = os.getpid(), started_s(os.getpid())
        self._client = PooledClient()
        self._prefix: tuple[str, ...] = ()
        self._created: dict[str, tuple[int, Command]] = {}
        self._children: dict[str, Child] = {}

    @property
    def policies(self) -> frozenset[StartPolicyName]:
        """A process can be frozen; nothing else of its start can be done in advance, and no limit lifted."""
        return frozenset({"plain", "paused"})

    async def open(self) -> Sequence[str]:
        """End what a killed run left behind, and take its disks away."""
        if os.name != "posix":
            raise DriverUnavailable(
                "the process driver needs a POSIX system", "run the region on Docker, or under WSL"
            )
        self._prefix = await _tie_to_this_process()
        ended = await remove_dead(self._deployment, self._region)
        cleared = await asyncio.to_thread(disks.remove_dead_disks, self._deployment, self._region)
        return [f"process {name}" for name in ended] + [f"disk of {name}" for name in cleared]

    async def prepare(self, plan: InstancePlan, progress: Progress) -> None:
        """Nothing to fetch: the program is on this machine."""

    async def create(self, plan: InstancePlan) -> None:
        """Find a free port and the program. Raises StartFailed."""
        await self.remove(plan)
        try:
            port = self._ports.take()
        except NoFreePort as error:
            raise StartFailed(str(error), "create") from error
        try:
            command = make_command(plan, self._deployment, port, os.environ, run_mark(self._deployment))
        except StartFailed:
            self._ports.give_back(port)
            raise
        self._created[plan.instance] = port, self._with_disk(plan, command)

    def _with_disk(self, plan: InstancePlan, command: Command) -> Command:
        """Give the command a disk of its own, unless the class says where temporary files belong."""
        if disks.VARIABLE in plan.container.env:
            return command
        disk = disks.make_disk(self._deployment, self._region, plan.instance, self._owner)
        return replace(command, environment={**command.environment, disks.VARIABLE: str(disk)}, disk=disk)

    async def freeze(self, plan: InstancePlan) -> None:
        """Stop the program's group where it stands: it stays in memory and gets no time."""
        self._child(plan).freeze()

    async def keep_networks(self, container: str, number: int) -> None:
        """A local process has no network of its own."""

    async def hand_over(self, prepared: InstancePlan, plan: InstancePlan) -> None:
        """Let the program be the instance's. Its environment keeps the name it was prepared under."""
        child = self._children.get(prepared.instance)
        if child is None or child.ended.done():
            await self.remove(prepared)
            raise StartFailed(f"{prepared.instance} is not there any more", "create")
        child.plan = plan
        self._created[plan.instance] = self._created.pop(prepared.instance)
        self._children[plan.instance] = self._children.pop(prepared.instance)
        self._ledger.add(plan.instance, child.pid)

    async def start(self, plan: InstancePlan) -> None:
        """Start the program in a session of its own, or thaw it. Raises StartFailed."""
        if (prepared := self._children.get(plan.instance)) is not None:
            prepared.thaw()
            return
        port, command = self._created[plan.instance]
        spawning = asyncio.ensure_future(spawn(plan, port, command, self._prefix))
        try:
            child = await asyncio.shield(spawning)
        except asyncio.CancelledError:
            # A child on its way into being must not be lost.
            await asyncio.gather(spawning, return_exceptions=True)
            if spawning.exception() is None:
                self._adopt(spawning.result())
            raise
        self._adopt(child)

    async def wait_until_listening(self, plan: InstancePlan) -> None:
        """Return when the port answers. Raises StartFailed when the program ends first."""
        await wait_until_listening(self._child(plan), self._watch.reader)

    async def wait_until_exit(self, plan: InstancePlan) -> Exit:
        """Return when the program has ended."""
        return await asyncio.shield(self._child(plan).ended)

    async def fetch(self, plan: InstancePlan, request: Request, port: int | None = None) -> Response:
        """Send a request to the program's port. Raises ContainerConnectionError, for other ports too."""
        child = self._children.get(plan.instance)
        if child is None or child.ended.done():
            raise ContainerConnectionError(f"{plan.instance} does not run", connected=False)
        if port not in (None, plan.container.port):
            raise ContainerConnectionError(
                f"{plan.instance} is a local process, reached at the port that its variable PORT gives "
                f"alone, not at {port}; run its region on Docker for more ports",
                connected=False,
            )
        try:
            return await self._client.fetch((HOST, child.port), request)
        except ConnectFailed as error:
            raise ContainerConnectionError(str(error), connected=False) from error
        except ConnectionLost as error:
            raise ContainerConnectionError(str(error), connected=True) from error

    async def stop(self, plan: InstancePlan, grace_s: float) -> None:
        """Send SIGTERM to the program's group, and SIGKILL after ``grace_s`` seconds."""
        child = self._children.get(plan.instance)
        if child is not None and not child.ended.done():
            child.terminate()
            if not await child.until_ended(grace_s):
                await self.kill(plan)

    async def kill(self, plan: InstancePlan) -> None:
        """Send SIGKILL to the program's group."""
        child = self._children.get(plan.instance)
        if child is not None and not child.ended.done():
            child.kill()
            await child.until_ended(_KILLED_WITHIN_S)

    async def signal(self, plan: InstancePlan, number: int) -> None:
        """Send a signal to the program's group."""
        child = self._children.get(plan.instance)
        if child is not None and not child.ended.done():
            child.signal(number)

    def cuts_internet(self) -> bool:
        """A local process has this machine's network."""
        return False

    async def written_bytes(self, plan: InstancePlan) -> int | None:
        """Return the size of all that the program has put into the folder of its TMPDIR."""
        _, command = self._created.get(plan.instance, (0, None))
        if command is None or command.disk is None:
            return None
        return await asyncio.to_thread(disks.used_bytes, command.disk)

    async def remove(self, plan: InstancePlan) -> None:
        """End what runs, give its port back, and take its disk away."""
        await self.kill(plan)
        self._children.pop(plan.instance, None)
        created = self._created.pop(plan.instance, None)
        if created is not None:
            port, command = created
            self._ports.give_back(port)
            if command.disk is not None:
                await asyncio.to_thread(disks.remove_disk, command.disk)

    async def samples(self) -> Sequence[Sample]:
        """Read memory and CPU time of every child."""
        running = [child for child in self._children.values() if not child.ended.done()]
        return self._watch.samples(running) if running else []

    async def close(self) -> None:
        """End every child."""
        plans = [child.plan for child in self._children.values()]
        await asyncio.gather(*(self.remove(plan) for plan in plans))
        self._ledger.remove()
        await asyncio.to_thread(disks.remove_own_disks, self._deployment, self._region, self._owner)
        await self._client.close()
        await self._watch.close()

    def _adopt(self, child: Child) -> None:
        self._children[child.plan.instance] = child
        self._ledger.add(child.plan.instance, child.pid)
        self._watch.add(child)
        child.ended.add_done_callback(lambda _: self._ledger.discard(child.pid))

    def _child(self, plan: InstancePlan) -> Child:
        child = self._children.get(plan.instance)
        if child is None:
            raise StartFailed(f"{plan.instance} was removed while it started", "start")
        return child


def make_drivers(deployment: str, regions: Iterable[str]) -> dict[str, ProcessDriver]:
    """Return a driver for each region; they share one watch over memory and one stock of ports."""
    watch, ports = MemoryWatch(), Ports()
    return {region: ProcessDriver(deployment, region, watch, ports) for region in regions}


async def _tie_to_this_process() -> tuple[str, ...]:
    """Return the words before a command that let a child die with this process, where there is such a tool.

    On Linux ``setpriv`` sets the parent-death signal between fork and exec, where Python code is not safe.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return ()
    words = (setpriv, "--pdeathsig", "KILL", "--")
    null = asyncio.subprocess.DEVNULL
    trial = await asyncio.create_subprocess_exec(*words, "true", stdin=null, stdout=null, stderr=null)
    return words if await trial.wait() == 0 else ()
