"""The instances of one class that a Worker addresses by name: at most one live for each name."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

from core.containers import errors
from core.containers.drivers.protocol import DriverUnavailable, StartFailed
from core.containers.ending import Ending
from core.containers.gate import ClassBudget, Gate
from core.containers.instance import Instance
from core.containers.labels import label_for
from core.containers.pool import Lease, Pool
from core.containers.service import ContainerAnswer
from core.containers.signals import InstanceSignal, Signals
from core.containers.start_options import DEFAULTS, StartOptions
from core.events.bus import EventBus
from core.events.types import Notice
from core.model.deployment import Container

REMEMBERED = 1_000
"""Names kept for each class, as long as none of the rest is down: those longest unused are forgotten."""


class Named:
    """One name: where its instance lives, if it does, and how the last one ended."""

    def __init__(self, group: "NamedInstances", name: str, label: str, gate: Gate, bus: EventBus) -> None:
        self.name = name
        self.label = label
        self.users = 0
        """Calls under way that are about it; it is not forgotten meanwhile."""
        self.instance: Instance | None = None
        self._group = group
        self._pool: Pool | None = None
        self._gate = gate
        self._bus = bus

    @property
    def container(self) -> Container:
        """Return its class."""
        return self._group.budget.container

    @property
    def instances(self) -> list[Instance]:
        """Return its instance, where there has been one."""
        return [self.instance] if self.instance is not None else []

    @property
    def is_down(self) -> bool:
        """Say whether nothing of it runs."""
        return self.instance is None or self.instance.is_down

    @property
    def region(self) -> str | None:
        """Return where it lives now; None when it does not."""
        return None if self.instance is None or self.is_down else self.instance.plan.region

    def why_not(self) -> str | None:
        """Say why its instance cannot be started again where it was; None when it can."""
        return self._gate.why_not(self._pool.watch) if self._pool else "it was never started"

    async def acquire(self, region: str, limit_s: float | None = None) -> Lease | ContainerAnswer:
        """Return its instance for one request, started near ``region`` where it is down.

        Else the platform's answer. ``limit_s`` is how long to wait for the port of a program that may run
        without one, its ready_timeout when not given. After a lease with a record the caller owes the
        record one ``leave``.
        """
        refusal = await self.begin_unless_up(region, DEFAULTS, "a request needs it")
        if refusal is not None:
            return refusal
        instance, pool = self.instance, self._pool
        assert instance is not None
        assert pool is not None
        if instance.state == "ready":
            return Lease(instance, pool.watch, None, False)
        record, failure = await instance.join(_patience_s(instance, limit_s))
        if failure is None:
            return Lease(instance, pool.watch, record, True)
        return errors.answer_for(failure, instance.plan.container.port, self.label)

    async def begin_unless_up(
        self, region: str, options: StartOptions, reason: str
    ) -> ContainerAnswer | None:
        """Begin a start unless it runs or starts; one that is stopping is waited for first.

        Return the platform's answer when it cannot be started. It runs or starts when this returns None.
        """
        while self.instance is not None and self.instance.state == "stopping":
            await self.instance.until_down()
        return self._begin(region, options, reason) if self.is_down else None

    def _begin(self, region: str, options: StartOptions, reason: str) -> ContainerAnswer | None:
        # No await from the look at its state to here: whoever comes next finds the start and joins it.
        pool = self._group.pools.get(region)
        if pool is None:
            return errors.unknown_class(self.container.name, region)
        if self._gate.why_not(pool.watch) is not None:
            return self._gate.refusal(pool.watch)
        if self.instance is None or self._pool is not pool:
            self.instance, self._pool = pool.make(self.label, 0, self, self.name), pool
        self.instance.plan = options.applied_to(
            replace(self.instance.plan, container=self.container), patient=not options.wait
        )
        if not options.internet and not pool.driver.cuts_internet():
            self._group.say_internet_stays(pool)
        self.instance.begin(reason)
        self.instance.idle.set_limit(options.sleep_after_s)
        return None

    def program_runs(self) -> None:
        """Let the region be sampled."""
        if self._pool is not None:
            self._pool.program_runs()

    def start_succeeded(self) -> None:
        """Forget earlier failures."""
        self._gate.succeeded()

    def start_failed(self, failure: StartFailed) -> str:
        """Hold the next start back for a while that grows with each failure in a row."""
        container = self.instance.plan.container if self.instance else self.container
        return self._gate.failed(failure, container.port)

    def driver_lost(self, error: DriverUnavailable) -> None:
        """Pass the loss of the engine on to the region."""
        if self._pool is not None:
            self._pool.driver_lost(error)

    async def may_sleep(self) -> bool:
        """Ask the Worker: where it has a hook for it, the hook decides."""
        return not await self._group.signals.ask(self._signal("expired"))

    def went_down(self, ending: Ending) -> None:
        """Tell the Worker; it knows already of a start that failed before anything ran, and waited for it."""
        patient = self.instance is not None and self.instance.plan.patient
        if ending.ran or patient:
            self._group.signals.send(self._signal("failed" if ending.failed else "stopped", ending))

    def _signal(
        self, kind: Literal["stopped", "failed", "expired"], ending: Ending | None = None
    ) -> InstanceSignal:
        if ending is None:
            return InstanceSignal(self.container.binding, self.name, kind)
        return InstanceSignal(
            self.container.binding,
            self.name,
            kind,
            exit_code=ending.end.exit_code if ending.end else None,
            reason="runtime_signal" if ending.asked else "exit",
            message=ending.reason,
        )


class NamedInstances:
    """All names of one class, over all regions."""

    def __init__(
        self,
        budget: ClassBudget,
        pools: Mapping[str, Pool],
        classes: Collection[str],
        signals: Signals,
        bus: EventBus,
    ) -> None:
        self.budget = budget
        self.pools = pools
        self.signals = signals
        self._classes = classes
        self._bus = bus
        self._by_name: dict[str, Named] = {}
        self._labels: set[str] = set()
        self._said_internet_stays = False
        budget.occupants.append(self)

    @property
    def live(self) -> int:
        """Return how many of its instances use something."""
        return sum(not one.is_down for one in self._by_name.values())

    def all(self) -> list[Named]:
        """Return every name that is remembered, the one used last at the end."""
        return list(self._by_name.values())

    def find(self, name: str) -> Named | None:
        """Return what is known under a name."""
        return self._by_name.get(name)

    @contextmanager
    def use(self, name: str) -> Iterator[Named]:
        """Give what is known under a name, new or old, and keep it from being forgotten inside."""
        named = self._by_name.pop(name, None) or self._make(name)
        self._by_name[name] = named
        named.users += 1
        try:
            yield named
        finally:
            named.users -= 1

    def say_internet_stays(self, pool: Pool) -> None:
        """Say once that an instance of the class reaches the outside though it should not."""
        if not self._said_internet_stays:
            self._said_internet_stays = True
            self._bus.publish(
                Notice(
                    time_s=self._bus.now_s(),
                    level="warning",
                    subject=self.budget.container.name,
                    message=f"enableInternet is false, but the {pool.driver.name} driver of {pool.region} "
                    "cannot keep an instance from reaching the outside",
                    advice="run the region on a Docker Engine of this machine",
                )
            )

    def _make(self, name: str) -> Named:
        self._forget()
        shown = name if self._bus.clean_text(name) == name else ""
        label = label_for(self.budget.container.name, name, self._classes, self._labels, shown)
        self._labels.add(label)
        return Named(self, name, label, Gate(self.budget, self._bus), self._bus)

    def _forget(self) -> None:
        """Make room for one more name where there are too many."""
        if len(self._by_name) < REMEMBERED:
            return
        oldest = next((one for one in self._by_name.values() if one.is_down and not one.users), None)
        if oldest is not None:
            del self._by_name[oldest.name]
            self._labels.discard(oldest.label)


def _patience_s(instance: Instance, limit_s: float | None) -> float | None:
    """Return how long to wait for its port; None where the start itself has a limit."""
    return (limit_s or instance.plan.container.ready_timeout) if instance.plan.patient else None
