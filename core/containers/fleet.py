"""All container classes of a deployment, in all its regions: serves requests and obeys the console."""

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping, Sequence

from core.clock import Clock
from core.containers import actions, errors
from core.containers.actions import ActionName
from core.containers.drivers.protocol import ContainerConnectionError, Driver, DriverUnavailable
from core.containers.held import hold
from core.containers.instance import Instance, Wish
from core.containers.pool import ClassBudget, Lease, Pool
from core.containers.regions import RegionWatch
from core.containers.sampling import Sampler
from core.containers.service import ContainerAnswer
from core.containers.start import PARALLEL_STARTS
from core.events.bus import EventBus
from core.events.types import Notice
from core.http.messages import Request
from core.model.deployment import Deployment

CLOSE_GRACE_S = 2.0
"""Time between SIGTERM and SIGKILL when the whole deployment goes down."""
_CLOSE_BOUND_S = 6.0
_DRIVER_CLOSE_BOUND_S = 20.0
_EXIT_NOTICED_WITHIN_S = 0.25
"""When nothing listens any more: how long to wait for the news that the program has ended."""
_TRIES = 3
"""Instances that one request may be given in turn, when each has ended before it could be sent."""


class Fleet:
    """Run the container classes of one deployment on the given drivers, one for each region."""

    def __init__(
        self, deployment: Deployment, drivers: Mapping[str, Driver], bus: EventBus, clock: Clock
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._watches = {region: RegionWatch(region, driver, bus) for region, driver in drivers.items()}
        self._pools = _make_pools(deployment, self._watches, bus)
        self._sampler = Sampler(bus, self._instances_in)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        for watch in self._watches.values():
            watch.on_lost(self._lose_instances)

    async def open(self) -> None:
        """Open every region's driver; one that cannot be opened is tried again in the background."""
        await asyncio.gather(*(watch.open() for watch in self._watches.values()))
        for watch in self._watches.values():
            self._keep(self._sampler.watch(watch), f"samples of {watch.region}")

    async def close(self) -> None:
        """Stop everything at once, within a bound, and leave nothing behind."""
        self._closing = True
        up = [one for one in self.instances() if not one.is_down]
        for instance in up:
            instance.ask(Wish("the deployment is going down", grace_s=CLOSE_GRACE_S))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_BOUND_S):
                await asyncio.gather(*(one.until_down() for one in up))
        await asyncio.gather(*(one.give_up() for one in up))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(self._close_region(watch) for watch in self._watches.values()))

    def instances(self) -> Sequence[Instance]:
        """Return every instance that was ever started, by class and region, up or down."""
        return [instance for pool in self._pools.values() for instance in pool.instances]

    def act(self, action: ActionName, name: str) -> str:
        """Begin an action from the console and say what is being done. Raises actions.ActionRefused.

        What comes of it is seen in the events.
        """
        said = actions.act(list(self._pools.values()), action, name)
        if action == "restart":
            self._keep(self._start_again(name), f"restart {name}")
        return said

    async def region_lost(self, region: str, message: str, advice: str) -> None:
        """Take note that a region's engine is gone; a driver's OnUnavailable callback leads here."""
        self._watches[region].lost(DriverUnavailable(message, advice))

    async def fetch(self, container: str, region: str, request: Request) -> ContainerAnswer:
        """Send a request to an instance of the class in the region, starting one when none is warm.

        Failures come back as the platform's own answer (status and body), never as an exception.
        """
        pool = self._pools.get((container, region))
        if pool is None:
            return errors.start_failed(f"there is no container class {container} in the region {region}")
        waited_s = 0.0
        for _ in range(_TRIES):
            asked_s = self._clock.now_s()
            lease = await self._acquire(pool)
            if isinstance(lease, ContainerAnswer):
                return _after_waiting(lease, waited_s + self._clock.now_s() - asked_s)
            if lease.waited:
                waited_s += self._clock.now_s() - asked_s
            answer = await self._send(pool, lease, request)
            if answer is not None:
                return _after_waiting(answer, waited_s)
        answer = errors.disconnected("each instance tried ended before the request could be sent", "")
        return _after_waiting(answer, waited_s)

    async def _acquire(self, pool: Pool) -> Lease | ContainerAnswer:
        if self._closing:
            return errors.no_instance("the deployment is going down")
        return await pool.acquire()

    async def _send(self, pool: Pool, lease: Lease, request: Request) -> ContainerAnswer | None:
        """Return the answer; None when the instance had ended, got nothing, and another may be tried."""
        instance = lease.instance
        instance.enter()
        try:
            response = await pool.driver.fetch(instance.plan, request)
        except ContainerConnectionError as error:
            instance.leave()
            return await self._lost_connection(instance, error)
        except DriverUnavailable as error:
            instance.leave()
            pool.watch.lost(error)
            return errors.no_instance(error.message)
        except BaseException:
            instance.leave()
            raise
        else:
            instance.responded()
            return ContainerAnswer(hold(response, instance.leave), instance.name, 0.0)
        finally:
            if lease.record is not None:
                lease.record.leave()

    async def _lost_connection(
        self, instance: Instance, error: ContainerConnectionError
    ) -> ContainerAnswer | None:
        if error.connected:
            return errors.disconnected(str(error), instance.name)
        if await instance.left_ready_within(_EXIT_NOTICED_WITHIN_S):
            return None
        return errors.not_listening(instance.plan.container.port, str(error), instance.name)

    async def _start_again(self, name: str) -> None:
        found = actions.find_instance(self._pools.values(), name)
        if found is None:
            return
        pool, instance = found
        await instance.until_down()
        if instance.is_down and not self._closing and pool.may_start():
            instance.begin("restarted from the console")

    def _instances_in(self, region: str) -> list[Instance]:
        return [one for pool in self._pools.values() if pool.region == region for one in pool.instances]

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


def _after_waiting(answer: ContainerAnswer, waited_s: float) -> ContainerAnswer:
    answer.cold_wait_ms = round(waited_s * 1000, 3)
    return answer


def _make_pools(
    deployment: Deployment, watches: Mapping[str, RegionWatch], bus: EventBus
) -> dict[tuple[str, str], Pool]:
    queues = start_queues(deployment, {region: watch.driver for region, watch in watches.items()})
    pools = {}
    for container in deployment.containers:
        budget = ClassBudget(container)
        for region in container.regions or tuple(watches):
            if region in watches:
                pool = Pool(deployment, budget, watches[region], bus, queues[region])
                pools[container.name, region] = pool
    return pools


def start_queues(deployment: Deployment, drivers: Mapping[str, Driver]) -> dict[str, asyncio.Semaphore]:
    """Return each region's queue of starts; regions on one Docker Engine, or on this machine, share one."""
    endpoints = {region.id: region.endpoint for region in deployment.regions}
    by_engine: dict[tuple[str, str], asyncio.Semaphore] = {}
    queues = {}
    for region, driver in drivers.items():
        place = region if driver.name == "simulated" else endpoints.get(region, "")
        queues[region] = by_engine.setdefault((driver.name, place), asyncio.Semaphore(PARALLEL_STARTS))
    return queues
