"""The instances of one class in one region: gives a request its instance, starting one when needed."""

from dataclasses import dataclass

from core.clock import Clock
from core.containers import choose, errors
from core.containers.cold_start import ColdStartRecord
from core.containers.delay import delay_generator
from core.containers.drivers.protocol import Driver, DriverUnavailable, InstancePlan, StartFailed
from core.containers.ending import Ending, Household
from core.containers.gate import ClassBudget, Gate
from core.containers.instance import Instance
from core.containers.regions import RegionWatch
from core.containers.scaling.scaler import Scaler
from core.containers.scaling.target import ceiling
from core.containers.service import ContainerAnswer
from core.containers.standby import Standby
from core.containers.start import StartMeans
from core.containers.start_queue import StartQueue
from core.events.bus import EventBus
from core.model.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Lease:
    """An instance to send a request to. ``record`` is set when the request waited for its start."""

    instance: Instance
    watch: RegionWatch
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
        clock: Clock,
        queue: StartQueue,
    ) -> None:
        self.container = budget.container
        self.watch = watch
        self.instances: list[Instance] = []
        self._deployment = deployment
        self._budget = budget
        self._bus = bus
        self._queue = queue
        self.standby = Standby(budget.container, deployment.folder, watch, bus, queue)
        """What is prepared in advance for the starts of its instances, and of those that have names."""
        self._gate = Gate(budget, bus)
        budget.occupants.append(self)
        self.scaler = Scaler(deployment.scaling, self, bus, clock)
        """How many instances are wanted, and why."""

    @property
    def region(self) -> str:
        """Return the region's name."""
        return self.watch.region

    @property
    def driver(self) -> Driver:
        """Return what runs its instances."""
        return self.watch.driver

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
            self.scaler.review(arriving=True)
            way = choose.way(self.instances)
            if way.use is not None:
                return Lease(way.use, self.watch, None, waited)
            if way.join is not None:
                record, failure = await way.join.join()
                if failure is None:
                    return Lease(way.join, self.watch, record, True)
                return errors.answer_for(failure, self.container.port, way.join.name)
            if way.outlast is None:
                return self._gate.refusal(self.watch)
            waited = True
            await way.outlast.until_down()

    def why_not(self) -> str | None:
        """Say why no instance can be started now; None when one can."""
        reason, most = self._gate.why_not(self.watch), self._deployment.scaling.max_instances_per_region
        if reason is None and most and self.live >= most:
            return f"all {most} instances that may run in {self.region} (max_instances_per_region) are in use"
        return reason

    def most(self) -> int:
        """Return how many instances may live here while others of the class live elsewhere."""
        elsewhere = self._budget.live - self.live
        return ceiling(self._deployment.scaling, self.container.max_instances, elsewhere)

    def start_one(self, reason: str) -> Instance:
        """Start the lowest-numbered instance that is down, or a new one."""
        instance = choose.to_wake(self.instances) or self._add()
        instance.begin(reason)
        return instance

    def program_runs(self) -> None:
        """Let the region be sampled."""
        self.watch.running.set()
        self.scaler.one_runs()

    def start_succeeded(self) -> None:
        """Forget earlier failures."""
        self._gate.succeeded()

    def start_failed(self, failure: StartFailed) -> str:
        """Hold further starts back for a while that grows with each failure in a row."""
        return self._gate.failed(failure, self.container.port)

    def driver_lost(self, error: DriverUnavailable) -> None:
        """Pass the loss of the engine on to the region."""
        self.watch.lost(error)

    async def may_sleep(self) -> bool:
        """Let it, unless it would be missed: some may have to be kept, and busy ones may need it."""
        return self.scaler.may_sleep()

    def went_down(self, ending: Ending) -> None:
        """Take note: one less is there."""
        self.scaler.ended(ending.reason)

    def make(self, label: str, number: int, household: Household, object_name: str = "") -> Instance:
        """Make an instance here, not started yet; it belongs to ``household``."""
        folder = self._deployment.folder
        plan = InstancePlan(label, self.container, self.region, folder, object_name=object_name)
        means = StartMeans(self._queue, self.standby, delay_generator(self._deployment.name, label))
        return Instance(plan, number, self.driver, self._bus, means, household)

    def _add(self) -> Instance:
        number = self._budget.next_number()
        instance = self.make(f"{self.container.name}-{number}", number, self)
        self.instances.append(instance)
        return instance
