"""All container classes of a deployment, in all its regions: serves requests and obeys the console."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

from core.clock import Clock
from core.containers import actions, errors
from core.containers.actions import ActionName
from core.containers.drivers.protocol import Driver, DriverUnavailable
from core.containers.ending import Wish
from core.containers.gate import ClassBudget
from core.containers.instance import Instance
from core.containers.named import Named, NamedInstances
from core.containers.operations import Operations
from core.containers.pool import Lease, Pool
from core.containers.regions import RegionWatch
from core.containers.sampling import Sampler
from core.containers.scaling import manual
from core.containers.scaling.upkeep import ScalingUpkeep
from core.containers.sending import send
from core.containers.service import ContainerAnswer
from core.containers.signals import OnSignal, Signals
from core.containers.start_queue import StartQueue
from core.events.bus import EventBus
from core.events.types import Notice, StartPolicyChanged
from core.http.messages import Request
from core.model.deployment import Deployment
from core.model.start_policies import StartPolicyName

CLOSE_GRACE_S = 2.0
"""Time between SIGTERM and SIGKILL when the whole deployment goes down."""
_CLOSE_BOUND_S = 6.0
_DRIVER_CLOSE_BOUND_S = 20.0
_TRIES = 3
"""Instances that one request may be given in turn, when each has ended before it could be sent."""


class Fleet:
    """Run the container classes of one deployment on the given drivers, one for each region."""

    def __init__(
        self,
        deployment: Deployment,
        drivers: Mapping[str, Driver],
        bus: EventBus,
        clock: Clock,
        on_signal: OnSignal | None = None,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._watches = {region: RegionWatch(region, driver, bus) for region, driver in drivers.items()}
        self._signals = Signals(on_signal, bus)
        self._pools, self._named = _make_classes(deployment, self._watches, self._signals, bus, clock)
        scalers = [pool.scaler for pool in self._pools.values()]
        self._scaling = ScalingUpkeep(scalers, deployment.scaling.schedule, clock)
        self._operations = Operations(clock)
        self._sampler = Sampler(bus, self._instances_in)
        self._tasks: set[asyncio.Task[None]] = set()
        for watch in self._watches.values():
            watch.on_lost(self._lose_instances)

    async def open(self) -> None:
        """Open every region's driver; one that cannot be opened is tried again in the background."""
        await asyncio.gather(*(watch.open() for watch in self._watches.values()))
        for watch in self._watches.values():
            self._keep(self._sampler.watch(watch), f"samples of {watch.region}")
        self._keep(self._scaling.run(), "scaling")
        for (container, region), pool in self._pools.items():
            self._keep(pool.standby.keep(), f"what is prepared for {container} in {region}")

    async def close(self) -> None:
        """Stop everything at once, within a bound, and leave nothing behind."""
        for group in self._named.values():
            group.budget.closing = True
        for pool in self._pools.values():
            pool.standby.close()
        await self._signals.close()
        up = [one for one in self.instances() if not one.is_down]
        for instance in up:
            instance.ask(Wish("the deployment is going down", grace_s=CLOSE_GRACE_S))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_BOUND_S):
                await asyncio.gather(*(one.until_down() for one in up))
        await asyncio.gather(*(one.give_up() for one in self.instances()))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(self._close_region(watch) for watch in self._watches.values()))

    def instances(self) -> Sequence[Instance]:
        """Return every instance that was ever started, by class and region, up or down."""
        return [instance for place in self._places() for instance in place.instances]

    def act(self, action: ActionName, name: str) -> str:
        """Begin an action from the console and say what is being done. Raises actions.ActionRefused.

        What comes of it is seen in the events.
        """
        said = actions.act(list(self._pools.values()), self._all_named(), action, name)
        if action == "restart":
            self._keep(self._start_again(name), f"restart {name}")
        return said

    def set_start_policy(self, container: str, policy: StartPolicyName) -> str:
        """Start a class's instances in another way from now on, and say where that can be done.

        Raises actions.ActionRefused.
        """
        said = actions.set_start_policy(list(self._pools.values()), container, policy)
        self._bus.publish(StartPolicyChanged(time_s=self._bus.now_s(), container=container, policy=policy))
        return said

    def scale(self, container: str, region: str, instances: int | None) -> str:
        """Let a class have so many instances in a region, None for its policy; say what comes of it.

        Raises actions.ActionRefused.
        """
        return manual.scale(list(self._pools.values()), container, region, instances)

    async def region_lost(self, region: str, message: str, advice: str) -> None:
        """Take note that a region's engine is gone; a driver's OnUnavailable callback leads here."""
        self._watches[region].lost(DriverUnavailable(message, advice))

    async def fetch(
        self, container: str, region: str, request: Request, *, instance: str = "", port: int | None = None
    ) -> ContainerAnswer:
        """Send a request to an instance of the class in the region; see ``ContainerService.fetch``."""
        if instance:
            return await self._fetch_named(container, region, request, instance, port)
        pool = self._pools.get((container, region))
        if pool is None:
            return errors.unknown_class(container, region)
        return await self._serve(pool.acquire, request, port)

    def place(self, container: str, instance: str) -> str | None:
        """Return the region where the named instance lives now; None when it does not."""
        group = self._named.get(container)
        named = group.find(instance) if group else None
        return named.region if named else None

    async def operate(
        self, container: str, region: str, instance: str, operation: str, options: Mapping[str, Any]
    ) -> ContainerAnswer:
        """Do something with a named instance and answer with its state; see ``ContainerService.operate``."""
        group = self._named.get(container)
        if group is None:
            return errors.unknown_class(container, region)
        with group.use(instance) as named:
            try:
                return await self._operations.operate(named, region, operation, options)
            except DriverUnavailable as error:
                named.driver_lost(error)
                return errors.no_instance(error.message)

    async def _fetch_named(
        self, container: str, region: str, request: Request, instance: str, port: int | None
    ) -> ContainerAnswer:
        group = self._named.get(container)
        if group is None:
            return errors.unknown_class(container, region)
        with group.use(instance) as named:
            return await self._serve(lambda: named.acquire(region), request, port)

    async def _serve(
        self,
        acquire: Callable[[], Awaitable[Lease | ContainerAnswer]],
        request: Request,
        port: int | None,
    ) -> ContainerAnswer:
        waited_s = added_s = 0.0
        for _ in range(_TRIES):
            asked_s = self._clock.now_s()
            lease = await acquire()
            if isinstance(lease, ContainerAnswer):
                return _after_waiting(lease, waited_s + self._clock.now_s() - asked_s)
            if lease.waited:
                waited_s += self._clock.now_s() - asked_s
            if lease.record is not None:
                added_s = lease.record.added_s
            answer = await send(lease, request, port)
            if answer is not None:
                return _after_waiting(answer, waited_s, added_s)
        answer = errors.disconnected("each instance tried ended before the request could be sent", "")
        return _after_waiting(answer, waited_s)

    async def _start_again(self, name: str) -> None:
        found = actions.find_instance(self._places(), name)
        if found is None:
            return
        place, instance = found
        await instance.until_down()
        # A name may have been forgotten by now, or its instance placed anew.
        found_again = actions.find_instance(self._places(), name)
        if found_again == found and instance.is_down and place.why_not() is None:
            instance.begin("restarted from the console")

    def _instances_in(self, region: str) -> list[Instance]:
        return [one for one in self.instances() if one.plan.region == region]

    def _places(self) -> list[actions.Place]:
        return [*self._pools.values(), *self._all_named()]

    def _all_named(self) -> list[Named]:
        return [one for group in self._named.values() for one in group.all()]

    def _lose_instances(self, region: str, error: DriverUnavailable) -> None:
        for instance in self._instances_in(region):
            instance.ask(Wish(error.message, lost=error))

    async def _close_region(self, watch: RegionWatch) -> None:
        try:
            async with asyncio.timeout(_DRIVER_CLOSE_BOUND_S):
                await watch.close()
        except (DriverUnavailable, TimeoutError) as error:
            reason = str(error) or f"no answer within {_DRIVER_CLOSE_BOUND_S:g} s"
            self._say(watch.region, f"containers may be left behind: {reason}", "run hybrid-tui down later")

    def _keep(self, work: Coroutine[None, None, None], name: str) -> None:
        """Run something beside the requests; an exception in it is told, not lost."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._say(task.get_name(), f"{type(error).__name__}: {error}", "please report this defect")

    def _say(self, subject: str, message: str, advice: str) -> None:
        self._bus.publish(
            Notice(time_s=self._bus.now_s(), level="error", subject=subject, message=message, advice=advice)
        )


def _after_waiting(answer: ContainerAnswer, waited_s: float, added_s: float = 0.0) -> ContainerAnswer:
    answer.cold_wait_ms = round(waited_s * 1000, 3)
    answer.added_wait_ms = round(min(added_s, waited_s) * 1000, 3)
    return answer


def _make_classes(
    deployment: Deployment,
    watches: Mapping[str, RegionWatch],
    signals: Signals,
    bus: EventBus,
    clock: Clock,
) -> tuple[dict[tuple[str, str], Pool], dict[str, NamedInstances]]:
    """Make the pools by class and region, and the named instances by class."""
    queues = start_queues(deployment, {region: watch.driver for region, watch in watches.items()})
    classes = [container.name for container in deployment.containers]
    pools: dict[tuple[str, str], Pool] = {}
    named: dict[str, NamedInstances] = {}
    for container in deployment.containers:
        budget = ClassBudget(container)
        regions = [region for region in container.regions or watches if region in watches]
        here = {
            region: Pool(deployment, budget, watches[region], bus, clock, queues[region])
            for region in regions
        }
        pools |= {(container.name, region): pool for region, pool in here.items()}
        named[container.name] = NamedInstances(budget, here, classes, signals, bus)
    return pools, named


def start_queues(deployment: Deployment, drivers: Mapping[str, Driver]) -> dict[str, StartQueue]:
    """Return each region's queue of starts; regions on one Docker Engine, or on this machine, share one."""
    endpoints = {region.id: region.endpoint for region in deployment.regions}
    by_engine: dict[tuple[str, str], StartQueue] = {}
    queues = {}
    for region, driver in drivers.items():
        place = region if driver.name == "simulated" else endpoints.get(region, "")
        queues[region] = by_engine.setdefault((driver.name, place), StartQueue())
    return queues
