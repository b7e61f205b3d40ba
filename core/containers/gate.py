"""Whether one more instance may be started now, and the platform's answer where it may not."""

from typing import Protocol

from core.containers import errors
from core.containers.backoff import Backoff
from core.containers.drivers.protocol import StartFailed
from core.containers.regions import RegionWatch
from core.containers.service import ContainerAnswer
from core.events.bus import EventBus
from core.model.deployment import Container

GOING_DOWN = "the deployment is going down"


class Occupant(Protocol):
    """What has instances of a class: a region's pool, or all that have a name."""

    @property
    def live(self) -> int:
        """How many of its instances use something."""


class ClassBudget:
    """What the instances of one class share over all regions: max_instances, and the numbers in the names."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.occupants: list[Occupant] = []
        self.closing = False
        """Set when nothing is to be started any more."""
        self._last_number = 0

    def has_room(self) -> bool:
        """Say whether one more instance may live."""
        return self.live < self.container.max_instances

    @property
    def live(self) -> int:
        """Return how many instances of the class use something, over all regions and names."""
        return sum(one.live for one in self.occupants)

    def next_number(self) -> int:
        """Return a number that no instance of the class has had."""
        self._last_number += 1
        return self._last_number


class Gate:
    """Hold starts back: after failures in a row, at the ceiling, without an engine, and at the end."""

    def __init__(self, budget: ClassBudget, bus: EventBus) -> None:
        self._budget = budget
        self._bus = bus
        self._backoff = Backoff()
        self._last_failure: StartFailed | None = None
        self._port = budget.container.port

    def why_not(self, watch: RegionWatch) -> str | None:
        """Say why no instance can be started in the region now; None when one can."""
        if self._budget.closing:
            return GOING_DOWN
        if watch.unavailable is not None:
            return watch.unavailable.message
        if wait_s := self._backoff.wait_s(self._bus.now_s()):
            reason = self._last_failure.reason if self._last_failure else ""
            return f"{reason}; next try in {wait_s:.1f} s"
        if not self._budget.has_room():
            return f"all {self._budget.container.max_instances} instances (max_instances) are in use"
        return None

    def refusal(self, watch: RegionWatch) -> ContainerAnswer:
        """Return the platform's answer to a request that would need a start."""
        if self._budget.closing:
            return errors.no_instance(GOING_DOWN)
        if watch.unavailable is not None:
            return errors.no_instance(watch.unavailable.message)
        container, failure = self._budget.container, self._last_failure
        if failure is not None and self._backoff.wait_s(self._bus.now_s()):
            answer = errors.answer_for(failure, self._port, "")
            answer.error = self.why_not(watch) or answer.error
            return answer
        return errors.max_instances_exceeded(container.name, container.max_instances)

    def succeeded(self) -> None:
        """Forget earlier failures."""
        self._backoff.succeeded()
        self._last_failure = None

    def failed(self, failure: StartFailed, port: int) -> str:
        """Hold starts back for a while that grows with each failure in a row; say for how long.

        ``port`` is the one that was waited for.
        """
        self._last_failure, self._port = failure, port
        wait_s = self._backoff.failed(self._bus.now_s())
        when = f"in {wait_s:g} s at the earliest" if wait_s else "with the next request"
        return f"next try {when}"
