"""The protocol that every driver speaks, and what it takes and gives."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.events.types import DriverName, Kind, PhaseName, PullLayer
from core.http.messages import Request, Response
from core.model.deployment import Container
from core.model.instance_types import InstanceType
from core.model.start_policies import StartPolicyName


class DriverUnavailable(Exception):
    """The driver cannot be used: what is wrong, and what to do next."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class StartFailed(Exception):
    """An instance could not be started: the reason as the client and the console shall read it.

    ``phase`` is where it failed. ``not_listening`` when the program runs but its port never answered.
    """

    def __init__(
        self,
        reason: str,
        phase: PhaseName,
        *,
        exit_code: int | None = None,
        out_of_memory: bool = False,
        not_listening: bool = False,
        advice: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.phase = phase
        self.exit_code = exit_code
        self.out_of_memory = out_of_memory
        self.not_listening = not_listening
        self.advice = advice


class ContainerConnectionError(Exception):
    """The instance refused the connection, or lost it before the response's headers were complete.

    ``connected`` is False when no connection could be made (nothing listens), True when it broke.
    """

    def __init__(self, message: str, *, connected: bool) -> None:
        super().__init__(message)
        self.connected = connected


@dataclass(frozen=True, slots=True)
class InstancePlan:
    """Everything a driver needs to make one instance."""

    instance: str
    """Its name, such as app-1, unique in the deployment."""
    container: Container
    region: str
    folder: Path
    """The deployment's folder, for Dockerfiles and as working directory."""
    object_name: str = ""
    """The name by which a Worker addresses it; empty for one of the class's pool."""
    entrypoint: tuple[str, ...] = ()
    """What is run instead of the image's own program (or the command of a local process)."""
    internet: bool = True
    """Whether it may reach anything but the engine; see ``Driver.cuts_internet``."""
    patient: bool = False
    """Whether it may run without listening, for as long as it is not asleep: a job that serves nothing."""
    policy: StartPolicyName = "plain"
    """How it is brought up: ``shared`` and ``boosted`` are made otherwise from ``create`` on."""

    @property
    def limits(self) -> InstanceType:
        """Return what the instance may use."""
        return self.container.limits


@dataclass(frozen=True, slots=True)
class Exit:
    """How an instance ended."""

    exit_code: int | None
    out_of_memory: bool = False
    message: str = ""
    """The last words of the program or the engine, where there are any."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of one instance; see the event InstanceSample for the meaning of each figure."""

    instance: str
    memory_mib: float
    app_memory_mib: float
    memory_limit_mib: float
    cpu_total_s: float


class PullLine(str):
    """A line about how a pull goes on that knows the layers it is about."""

    image: str
    layers: tuple[PullLayer, ...]
    over: bool
    """Whether it is the last one: the image is here."""

    def __new__(
        cls, line: str, image: str, layers: tuple[PullLayer, ...], *, over: bool = False
    ) -> "PullLine":
        """Make the line of its text and the state of the layers."""
        made = super().__new__(cls, line)
        made.image, made.layers, made.over = image, layers, over
        return made


Progress = Callable[[str], None]
"""Receives a short line about how a pull or build goes on; a ``PullLine`` where the layers are known."""


class Driver(Protocol):
    """Run instances in one region. Methods name an instance by ``InstancePlan.instance``.

    Every method may raise DriverUnavailable when the engine below is gone; a driver comes back by
    itself when its engine does (``open`` is called again by the region's watch).
    """

    name: DriverName
    kind: Kind
    """Where its times come from: measured, or emulated for the simulated driver."""

    @property
    def policies(self) -> frozenset[StartPolicyName]:
        """Return the start policies that it can follow; ``plain`` is always among them."""

    async def open(self) -> Sequence[str]:
        """Connect, check permissions, and remove what a killed run of this deployment left behind.

        Return what was removed, each with its kind: nothing is adopted, as its engine's requests are gone.
        """

    async def prepare(self, plan: InstancePlan, progress: Progress) -> None:
        """Make the image available (pull or build); returns at once when it is there. Raises StartFailed."""

    async def create(self, plan: InstancePlan) -> None:
        """Create the instance without starting it. Raises StartFailed."""

    async def start(self, plan: InstancePlan) -> None:
        """Start the created instance, or thaw the frozen one; returns when the engine says that it runs.

        Raises StartFailed.
        """

    async def wait_until_listening(self, plan: InstancePlan) -> None:
        """Return within 10 ms of the port answering. Raises StartFailed when the program ends first.

        A program that was boosted has its CPU limit when this returns: no request is served without it.
        """

    async def freeze(self, plan: InstancePlan) -> None:
        """Let the started program rest as it is, until ``start``. Raises StartFailed."""

    async def keep_networks(self, container: str, number: int) -> None:
        """Keep up to ``number`` networks that instances of a class have left for its next ones.

        None is kept before the first call. Only the policy ``shared`` has such networks.
        """

    async def hand_over(self, prepared: InstancePlan, plan: InstancePlan) -> None:
        """Let what was made for the plan ``prepared`` be the instance of ``plan`` from now on.

        Raises StartFailed when it is not there any more; nothing is left of it then.
        """

    async def wait_until_exit(self, plan: InstancePlan) -> Exit:
        """Return when the started instance has ended, for whatever reason."""

    async def fetch(self, plan: InstancePlan, request: Request, port: int | None = None) -> Response:
        """Send a request to the instance's port, or to another. Raises ContainerConnectionError."""

    def cuts_internet(self) -> bool:
        """Say whether an instance without ``internet`` is really kept from reaching the outside."""

    async def signal(self, plan: InstancePlan, number: int) -> None:
        """Send the program a signal; no error when it has ended."""

    async def stop(self, plan: InstancePlan, grace_s: float) -> None:
        """Ask the program to end (SIGTERM), and end it (SIGKILL) after ``grace_s`` seconds."""

    async def kill(self, plan: InstancePlan) -> None:
        """End the program at once (SIGKILL)."""

    async def written_bytes(self, plan: InstancePlan) -> int | None:
        """Return how much is on the instance's own disk, which ``remove`` takes away; None when unknown."""

    async def remove(self, plan: InstancePlan) -> None:
        """Remove what is left of the instance, its disk too; no error when nothing is."""

    async def samples(self) -> Sequence[Sample]:
        """Read memory and CPU of every running instance."""

    async def close(self) -> None:
        """Remove every instance and whatever else the driver made, and let go of the engine."""


OnUnavailable = Callable[[str, str], Awaitable[None]]
"""Called with a message and advice when the engine below is lost while instances run."""
