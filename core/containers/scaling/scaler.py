"""Lets one class in one region have as many instances as are wanted: looks, decides, says so, acts."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from core.clock import Clock
from core.containers import choose
from core.containers.ending import Wish
from core.containers.instance import Instance
from core.containers.lifecycle import DOWN_STATES
from core.containers.scaling.cpu import CpuUse
from core.containers.scaling.observed import Observed, Target
from core.containers.scaling.policies import counted
from core.containers.scaling.target import Rule, next_target, reason_for
from core.containers.start_queue import PARALLEL_STARTS
from core.events.bus import EventBus
from core.events.types import InstanceState, ScalingDecided
from core.model.deployment import Container
from core.model.scaling import Scaling

_BEFORE_RUNNING: frozenset[InstanceState] = frozenset({"placed", "pulling", "creating", "starting"})
"""States in which a start is the engine's work; more of them at once only wait for each other."""


class Crew(Protocol):
    """The instances that are scaled."""

    instances: list[Instance]
    container: Container

    @property
    def region(self) -> str:
        """The region's name."""

    def most(self) -> int:
        """The most that may live here now."""

    def why_not(self) -> str | None:
        """Why no instance can be started now; None when one can."""

    def start_one(self, reason: str) -> Instance:
        """Start one more."""


class Scaler:
    """Scale one crew; ``on_work`` and ``on_room`` are set by who looks after it.

    ``on_work`` is called when there is something to look after, ``on_room`` when one more may be started.
    """

    def __init__(self, scaling: Scaling, crew: Crew, bus: EventBus, clock: Clock) -> None:
        self.rule = Rule(scaling)
        self.target = Target()
        self.on_work: Callable[[], None] = lambda: None
        self.on_room: Callable[[], None] = lambda: None
        self._crew = crew
        self._bus = bus
        self._clock = clock
        self._reason = ""
        self._ended = 0
        self._why_ended = ""
        self._cpu = CpuUse(crew.container.name, crew.region, crew.container.limits.vcpu)
        if scaling.policy == "cpu":
            bus.subscribe(self._cpu.take)

    @property
    def has_work(self) -> bool:
        """Say whether it must be looked after: something is up, has just ended, or is missing."""
        return bool(self._ended) or self.target.instances > 0 or choose.live(self._instances) > 0

    @property
    def _instances(self) -> Sequence[Instance]:
        return self._crew.instances

    def review(self, *, arriving: bool = False) -> None:
        """Look at the instances, decide how many are wanted, and start or stop what that takes.

        ``arriving``: a request has just come, and is not counted at any instance yet.
        """
        observed, before = self._observe(arriving), self.target
        # Who else has how many is looked up with the tick, and not for each request that needs no more.
        needs_more = self.rule.needs(observed) > before.instances
        most = self._crew.most() if needs_more or not arriving else before.instances
        after = self.target = next_target(self.rule, observed, before, most, self._bus.now_s())
        self._ended = 0
        if after.instances != before.instances:
            self._decided(before.instances, reason_for(self.rule, observed, before, after, most))
        elif arriving and observed.serving >= after.instances:
            return
        self._act(observed, fewer=after.instances < before.instances)
        if self.has_work:
            self.on_work()

    def set_manual(self, instances: int | None) -> None:
        """Let a person's number be in force from now on, at once; None gives it back to the policy."""
        before = self.target.instances
        self.rule = replace(self.rule, manual=instances)
        observed, now_s = self._observe(arriving=False), self._bus.now_s()
        wanted = max(self.rule.needs(observed), before if instances is None else 0)
        self.target = Target(min(wanted, self._crew.most()), now_s)
        why = (
            "a person gave it back to the policy" if instances is None else f"a person asked for {instances}"
        )
        if instances == 0 and observed.requests:
            why += f"; one stays for {counted(observed.requests, 'request')}"
        self._decided(before, why)
        self._act(observed, fewer=self.target.instances < before)
        self.on_work()

    def may_sleep(self) -> bool:
        """Say whether one of those that serve may go to sleep without being missed at once."""
        observed = self._observe(arriving=False)
        return observed.serving > self.rule.needs(observed)

    def one_runs(self) -> None:
        """Take note that a start has left the engine's hands, so that the next may come."""
        if (
            self.target.instances > len(self._instances)
            or choose.live(self._instances) < self.target.instances
        ):
            self.on_room()

    def ended(self, reason: str) -> None:
        """Take note that an instance has gone down, and why."""
        self._ended += 1
        self._why_ended = reason
        self.on_work()

    def _observe(self, arriving: bool) -> Observed:
        requests, serving, live, cpu_percent = int(arriving), 0, 0, 0.0
        for one in self._instances:
            if one.state in DOWN_STATES:
                continue
            live += 1
            requests += one.load
            serving += not one.is_leaving
            if self.rule.policy == "cpu" and one.state == "ready":
                cpu_percent += self._cpu.percent(one.name, one.changed_s, self._bus.now_s())
        minute = self._minute() if self.rule.policy == "schedule" else 0
        ended, why = self._ended, self._why_ended
        return Observed(requests, arriving, serving, live, ended, why, cpu_percent, minute)

    def _minute(self) -> int:
        time = self._clock.wall_time()
        return time.hour * 60 + time.minute

    def _decided(self, before: int, reason: str) -> None:
        self._reason = reason
        self._bus.publish(
            ScalingDecided(
                time_s=self._bus.now_s(),
                container=self._crew.container.name,
                region=self._crew.region,
                policy=self.rule.policy,
                before=before,
                instances=self.target.instances,
                reason=reason,
            )
        )

    def _act(self, observed: Observed, *, fewer: bool) -> None:
        wanted = self.target.instances
        for one in self._instances:
            one.drain.look()
        if fewer:
            for one in choose.to_stop(self._instances, observed.serving - wanted):
                one.drain.begin(Wish(f"scaled down to {wanted}: {self._reason}"))
        # What stops counts as there where a number is fixed: its place is taken again when it is down.
        there = observed.live if self.rule.policy == "fixed" else observed.serving
        self._bring_up(wanted - there, observed)

    def _bring_up(self, missing: int, observed: Observed) -> None:
        if missing <= 0:
            return
        for one in [one for one in self._instances if one.drain.is_on][:missing]:
            one.drain.stop()
            missing -= 1
        under_way = sum(one.state in _BEFORE_RUNNING for one in self._instances)
        on_demand = observed.arriving and not observed.serving
        reason = "a request needs it" if on_demand else f"scaled to {self.target.instances}: {self._reason}"
        for _ in range(min(missing, PARALLEL_STARTS - under_way)):
            if self._crew.why_not() is not None:
                return
            self._crew.start_one(reason)
