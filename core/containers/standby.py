"""What is prepared in advance for the starts of one class in one region, by the class's start policy."""

import asyncio
from collections import deque
from pathlib import Path

from core.containers.drivers.protocol import Driver, DriverUnavailable, InstancePlan, StartFailed
from core.containers.listening import until_listening
from core.containers.regions import RegionWatch
from core.containers.start_queue import StartQueue
from core.events.bus import EventBus
from core.events.types import Notice, StandbyChanged
from core.model.deployment import Container
from core.model.start_policies import StartPolicyName

PREPARING: tuple[StartPolicyName, ...] = ("created", "shared", "paused")
"""The policies that prepare something."""
_WHAT_IT_COSTS: dict[StartPolicyName, str] = {
    "created": "created and not started; it uses no memory",
    "shared": "created, and its network stands in a sandbox that uses less than 1 MiB",
    "paused": "started and frozen; its memory stays in use here, and is in no bill, as the platform has "
    "no such thing",
}


class Standby:
    """Keep as many instances prepared as the class says, while no real start is under way.

    What is prepared is no instance yet: it has no state, serves nothing and counts for no limit.
    """

    def __init__(
        self, container: Container, folder: Path, watch: RegionWatch, bus: EventBus, queue: StartQueue
    ) -> None:
        self._container = container
        self._folder = folder
        self._watch = watch
        self._bus = bus
        self._queue = queue
        self._chosen: StartPolicyName = container.start_policy
        self._ready: deque[InstancePlan] = deque()
        self._unwanted: list[InstancePlan] = []
        self._ends: dict[str, asyncio.Task[None]] = {}
        """Who waits for the end of what is prepared and runs, frozen."""
        self._changed = asyncio.Event()
        self._changed.set()
        self._told: set[str] = set()
        """What a person has been told since the policy was chosen."""
        self._networks_kept = 0
        self._counted: tuple[int, int, StartPolicyName] = (0, 0, "plain")
        """What was published last: how many stand prepared, how many shall, by which policy."""
        self._last_number = 0
        self._closed = False
        watch.on_lost(lambda *_: self._forget())
        watch.on_ready(self._changed.set)

    @property
    def _driver(self) -> Driver:
        return self._watch.driver

    @property
    def policy(self) -> StartPolicyName:
        """Return the policy in force: the chosen one, or ``plain`` where the driver does not know it."""
        return self._chosen if self._chosen in self._driver.policies else "plain"

    @property
    def prepares(self) -> bool:
        """Say whether the policy in force prepares something."""
        return self.policy in PREPARING

    @property
    def ready(self) -> int:
        """Return how many stand prepared."""
        return len(self._ready)

    def choose(self, policy: StartPolicyName) -> None:
        """Follow another policy from now on; what was prepared by the old one is removed."""
        self._chosen = policy
        self._told.clear()
        self._set_aside(list(self._ready))

    def has_one_for(self, plan: InstancePlan) -> bool:
        """Say whether something is prepared that the plan can be started from, and ask for more."""
        self._changed.set()
        as_declared = plan.container == self._container and not plan.entrypoint and plan.internet
        return as_declared and bool(self._ready)

    async def hand_over(self, plan: InstancePlan) -> StartPolicyName | None:
        """Let what is prepared be the plan's instance; return its policy, None when it is all gone."""
        while self._ready:
            prepared = self._ready.popleft()
            self._stop_watching(prepared)
            try:
                await self._driver.hand_over(prepared, plan)
            except StartFailed:
                continue  # Somebody removed it.
            finally:
                self._publish_count()
            return prepared.policy
        return None

    def close(self) -> None:
        """Prepare nothing any more; the driver's ``close`` removes what is there."""
        self._closed = True
        self._forget()

    async def keep(self) -> None:
        """Keep it so for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._watch.unavailable is not None or self._closed:
                continue
            try:
                await self._tidy_and_fill()
            except DriverUnavailable as error:
                self._watch.lost(error)

    async def _tidy_and_fill(self) -> None:
        networks = self._container.prepared if self.policy == "shared" else 0
        if networks != self._networks_kept:
            await self._driver.keep_networks(self._container.name, networks)
            self._networks_kept = networks
        self._publish_count()
        while self._unwanted:
            await self._driver.remove(self._unwanted.pop())
        if self._chosen != self.policy:
            self._tell(
                "warning",
                f"the {self._driver.name} driver of {self._watch.region} does not know the start policy "
                f"{self._chosen}: instances are started plainly there",
                f"choose another start_policy: {', '.join(sorted(self._driver.policies))}",
            )
        while self._is_short():
            async with self._queue.between_starts():
                if self._is_short() and not await self._prepare_one():
                    return
        if self._ready:
            self._tell_what_stands()

    def _is_short(self) -> bool:
        return (
            self.prepares
            and len(self._ready) < self._container.prepared
            and self._watch.unavailable is None
            and not self._closed
        )

    async def _prepare_one(self) -> bool:
        """Prepare one more; False when that failed, and shall not be tried before the next real start."""
        self._last_number += 1
        name = f"{self._container.name}.{self._watch.region}.standby-{self._last_number}"
        plan = InstancePlan(name, self._container, self._watch.region, self._folder, policy=self.policy)
        try:
            await self._make(plan)
        except StartFailed as error:
            await self._driver.remove(plan)
            self._tell("warning", f"no instance could be prepared: {error.reason}", error.advice)
            return False
        if plan.policy == self.policy:
            self._ready.append(plan)
            self._publish_count()
            self._told.discard("warning")
        else:
            self._set_aside([plan])
        return True

    async def _make(self, plan: InstancePlan) -> None:
        driver = self._driver
        await driver.prepare(plan, lambda _: None)
        await driver.create(plan)
        if plan.policy == "paused":
            await driver.start(plan)
            await until_listening(plan, driver)
            await driver.freeze(plan)
            watching = self._until_ended(plan)
            self._ends[plan.instance] = asyncio.get_running_loop().create_task(watching)

    async def _until_ended(self, plan: InstancePlan) -> None:
        """What was killed while it was frozen is prepared anew."""
        try:
            await self._driver.wait_until_exit(plan)
        except DriverUnavailable:
            return  # The region's watch is told by others.
        self._set_aside([plan])

    def _set_aside(self, plans: list[InstancePlan]) -> None:
        for plan in plans:
            self._stop_watching(plan)
            if plan in self._ready:
                self._ready.remove(plan)
            self._unwanted.append(plan)
        self._publish_count()
        self._changed.set()

    def _stop_watching(self, plan: InstancePlan) -> None:
        watching = self._ends.pop(plan.instance, None)
        if watching is not None:
            watching.cancel()

    def _forget(self) -> None:
        """The engine is gone, and with it all that was prepared."""
        for plan in self._ready:
            self._stop_watching(plan)
        self._ready.clear()
        self._unwanted.clear()
        self._publish_count()
        self._networks_kept = 0

    def _publish_count(self) -> None:
        wanted = self._container.prepared if self.prepares else 0
        counted = (len(self._ready), wanted, self.policy if wanted else "plain")
        if counted == self._counted or self._closed:
            return
        self._counted = counted
        self._bus.publish(
            StandbyChanged(
                time_s=self._bus.now_s(),
                container=self._container.name,
                region=self._watch.region,
                policy=self.policy,
                prepared=len(self._ready),
                wanted=wanted,
            )
        )

    def _tell_what_stands(self) -> None:
        number = len(self._ready)
        message = f"{number} prepared in {self._watch.region} ({self.policy})"
        self._tell("info", f"{message}: {_WHAT_IT_COSTS[self.policy]}", "")

    def _tell(self, level: str, message: str, advice: str) -> None:
        """Tell a person once."""
        if level in self._told:
            return
        self._told.add(level)
        self._bus.publish(
            Notice(
                time_s=self._bus.now_s(),
                level="info" if level == "info" else "warning",
                subject=self._container.name,
                message=message,
                advice=advice,
            )
        )
