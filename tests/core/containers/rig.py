"""A fleet on virtual time with the simulated driver, and what it published."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from core.clock import Clock, VirtualClock, run_virtual
from core.containers.drivers.protocol import Driver
from core.containers.drivers.simulated import SimulatedDriver
from core.containers.fleet import Fleet
from core.containers.service import ContainerAnswer
from core.containers.signals import InstanceSignal, OnSignal
from core.events.bus import EventBus
from core.events.types import AnyEvent, ColdStart, InstanceChanged
from core.http.messages import Request
from core.model.deployment import Deployment

T = TypeVar("T")
E = TypeVar("E")


def deployment(
    *,
    regions: Sequence[str] = ("us-east",),
    scaling: dict[str, Any] | None = None,
    folder: Path = Path(),
    **container: Any,
) -> Deployment:
    """Make a deployment of one class, app, with a command and whatever else is given."""
    declared = {"binding": "APP", "command": ["program"], **container}
    return Deployment.model_validate(
        {
            "name": "shop",
            "worker": "worker.py",
            "containers": [declared],
            "regions": [{"id": region} for region in regions],
            "scaling": scaling or {},
            "folder": folder,
        }
    )


class Recording:
    """Everything that was published, in order."""

    def __init__(self, bus: EventBus) -> None:
        self.events: list[AnyEvent] = []
        self._changed = asyncio.Event()
        bus.subscribe(self._take)

    def _take(self, event: AnyEvent) -> None:
        self.events.append(event)
        self._changed.set()

    def of(self, kind: type[E]) -> list[E]:
        """Return the events of one type."""
        return [event for event in self.events if isinstance(event, kind)]

    def states(self, instance: str) -> list[str]:
        """Return the states that an instance went through, a state again left out."""
        states: list[str] = []
        for event in self.of(InstanceChanged):
            if event.instance == instance and states[-1:] != [event.state]:
                states.append(event.state)
        return states

    def last(self, instance: str) -> InstanceChanged:
        """Return the last change of an instance."""
        return [event for event in self.of(InstanceChanged) if event.instance == instance][-1]

    async def until(self, condition: Callable[[], bool], limit_s: float = 30.0) -> None:
        """Wait until an event makes the condition true."""
        async with asyncio.timeout(limit_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def until_state(self, instance: str, state: str, times: int = 1) -> None:
        """Wait until an instance has been in a state so many times."""
        await self.until(lambda: self.states(instance).count(state) >= times)

    async def until_cold_starts(self, count: int) -> list[ColdStart]:
        """Wait until so many cold starts have ended."""
        await self.until(lambda: len(self.of(ColdStart)) >= count, 60.0)
        return self.of(ColdStart)


class Rig:
    """A fleet with its clock, bus and recording."""

    def __init__(self, declared: Deployment, clock: Clock, drivers: dict[str, Driver]) -> None:
        self.clock = clock
        self.bus = EventBus(clock)
        self.seen = Recording(self.bus)
        self.signals: list[InstanceSignal] = []
        self._told = asyncio.Event()
        self.hook: OnSignal | None = None
        """What the Worker does with a signal; nothing when not given."""
        self.fleet = Fleet(declared, drivers, self.bus, clock, self._on_signal)

    async def _on_signal(self, signal: InstanceSignal) -> bool:
        self.signals.append(signal)
        self._told.set()
        return self.hook is not None and await self.hook(signal)

    async def get(
        self, path: str = "/", region: str = "us-east", container: str = "app"
    ) -> tuple[int, bytes]:
        """Send a GET, read the answer to its end, and return its status and body."""
        answer = await self.fleet.fetch(container, region, Request("GET", path))
        return answer.response.status, await read(answer)

    async def call(
        self, instance: str, path: str = "/", region: str = "us-east", port: int | None = None
    ) -> tuple[int, str]:
        """Send a GET to a named instance, and return the status and the whole body."""
        request = Request("GET", path)
        answer = await self.fleet.fetch("app", region, request, instance=instance, port=port)
        return answer.response.status, (await read(answer)).decode()

    async def operate(
        self, instance: str, operation: str, region: str = "us-east", **options: Any
    ) -> tuple[int, Any]:
        """Do something with a named instance; return the status and the body, decoded where it is JSON."""
        answer = await self.fleet.operate("app", region, instance, operation, options)
        body = await read(answer)
        status = answer.response.status
        return status, msgspec.json.decode(body) if status == 200 else body.decode()

    async def status_of(self, instance: str) -> str:
        """Return the state of a named instance in the platform's words."""
        _, state = await self.operate(instance, "state")
        return str(state["status"])

    async def until_signals(self, count: int) -> list[InstanceSignal]:
        """Wait until the Worker was told so many signals; they come right after the events."""
        async with asyncio.timeout(30.0):
            while len(self.signals) < count:
                self._told.clear()
                await self._told.wait()
        return self.signals


async def read(answer: ContainerAnswer) -> bytes:
    """Read the body of an answer to its end."""
    body = answer.response.body
    return b"" if body is None else b"".join([chunk async for chunk in body])


def simulated(
    declared: Deployment, work: Callable[[Rig], Awaitable[T]], *, seed: int = 1
) -> tuple[T, Recording]:
    """Run ``work`` with an open fleet on virtual time; return its result and the recording, fleet closed."""
    clock = VirtualClock()
    drivers: dict[str, Driver] = {
        region.id: SimulatedDriver(region.id, clock, seed) for region in declared.regions
    }

    async def main() -> tuple[T, Recording]:
        rig = Rig(declared, clock, drivers)
        await rig.fleet.open()
        try:
            result = await work(rig)
        finally:
            await rig.fleet.close()
        return result, rig.seen

    return run_virtual(main(), clock)
