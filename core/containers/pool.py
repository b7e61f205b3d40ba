"""The instances of one class in one region: gives a request its instance, starting one when needed."""

import asyncio
from dataclasses import dataclass

from core.containers import choose, errors
from core.containers.backoff import Backoff
from core.containers.cold_start import ColdStartRecord
from core.containers.drivers.protocol import Driver, DriverUnavailable, InstancePlan, StartFailed
from core.containers.instance import Instance
from core.containers.regions import RegionWatch
from core.containers.scaling import decide
from core.containers.service import ContainerAnswer
from core.events.bus import EventBus
from core.model.deployment import Container, Deployment, Scaling


class ClassBudget:
    """What the pools of one class share over all regions: max_instances, and the numbers in the names."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.pools: list[Pool] = []
        self._last_number = 0

    def has_room(self) -> bool:
        """Say whether one more instance may live."""
        return sum(pool.live for pool in self.pools) < self.container.max_instances

    def next_number(self) -> int:
        """Return a number that no instance of the class has had."""
        self._last_number += 1
        return self._last_number


@dataclass(frozen=True, slots=True)
class Lease:
    """An instance to send a request to. ``record`` is set when the request waited for its start."""

    instance: Instance
    record: ColdStartRecord | None
    waited: bool


class Pool:
    """One class in one region."""

    def __init__(
        self,
        deployment: Deployment,
        budget: ClassBudget,
        watch: RegionWatch,
        bus: EventBus,
        queue: asyncio.Semaphore,
    ) -> None:
        self.container = budget.container
        self.watch = watch
        self.instances: list[Instance] = []
        self._deployment = deployment
        self._budget = budget
        self._bus = bus
        self._queue = queue
        self._backoff = Backoff()
        self._last_failure: StartFailed | None = None
        budget.pools.append(self)

    @property
    def region(self) -> str:
        """Return the region's name."""
        return self.watch.region

    @property
    def driver(self) -> Driver:
        """Return what runs its instances."""
        return self.watch.driver

    @property
    def scaling(self) -> Scaling:
        """Return the policy."""
        return self._deployment.scaling

    @property
    def live(self) -> int:
        """Return how many of its instances use something."""
        return choose.live(self.instances)

    async def acquire(self) -> Lease | ContainerAnswer:
        """Return an instance for one request, or the platform's answer when none can be had.

        After a lease with a record the caller owes the record one ``leave``.
        """
        waited = False
        while True:
            decision = decide(self.scaling, self.instances, self.may_start)
            started = self.start_one("a request needs it") if decision.start else None
            if decision.use is not None:
                return Lease(decision.use, None, waited)
            target = decision.join or started
            if target is not None:
                record, failure = await target.join()
                if failure is None:
                    return Lease(target, record, True)
                return errors.answer_for(failure, self.container.port, target.name)
            if decision.outlast is None:
                return self._refusal()
            waited = True
            await decision.outlast.until_down()

    def may_start(self) -> bool:
        """Say whether one more instance may be started now."""
        return self.why_not() is None

    def why_not(self) -> str | None:
        """Say why no instance can be started now; None when one can."""
        if self.watch.unavailable is not None:
            return self.watch.unavailable.message
        if wait_s := self._backoff.wait_s(self._bus.now_s()):
            reason = self._last_failure.reason if self._last_failure else ""
            return f"{reason}; next try in {wait_s:.1f} s"
        if not self._budget.has_room():
            return f"all {self.container.max_instances} instances (max_instances) are in use"
        return None

    def start_one(self, reason: str) -> Instance:
        """Start the lowest-numbered instance that is down, or a new one."""
        instance = choose.to_wake(self.instances) or self._add()
        instance.begin(reason)
        return instance

    def program_runs(self) -> None:
        """Let the region be sampled."""
        self.watch.running.set()

    def start_succeeded(self) -> None:
        """Forget earlier failures."""
        self._backoff.succeeded()
        self._last_failure = None

    def start_failed(self, failure: StartFailed) -> str:
        """Hold further starts back for a while that grows with each failure in a row."""
        self._last_failure = failure
        wait_s = self._backoff.failed(self._bus.now_s())
        when = f"in {wait_s:g} s at the earliest" if wait_s else "with the next request"
        return f"next try {when}"

    def driver_lost(self, error: DriverUnavailable) -> None:
        """Pass the loss of the engine on to the region."""
        self.watch.lost(error)

    def _add(self) -> Instance:
        number = self._budget.next_number()
        name = f"{self.container.name}-{number}"
        plan = InstancePlan(name, self.container, self.region, self._deployment.folder)
        instance = Instance(plan, number, self.driver, self._bus, self._queue, self)
        self.instances.append(instance)
        return instance

    def _refusal(self) -> ContainerAnswer:
        if self.watch.unavailable is not None:
            return errors.no_instance(self.watch.unavailable.message)
        failure = self._last_failure
        if failure is not None and self._backoff.wait_s(self._bus.now_s()):
            answer = errors.answer_for(failure, self.container.port, "")
            answer.error = self.why_not() or answer.error
            return answer
        return errors.max_instances_exceeded(self.container.name, self.container.max_instances)
