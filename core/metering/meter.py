"""Folds usage from events alone: what ran, for how long, and what passed through it."""

from collections.abc import Callable
from typing import Any

from core.events.types import (
    AnyEvent,
    ContainerInfo,
    EngineStarted,
    EngineStopped,
    InstanceChanged,
    InstanceSample,
    RequestFinished,
)
from core.metering.busy import BusyTime
from core.metering.usage import TICKS_PER_S, Usage
from core.metering.zones import EGRESS_ZONES, EgressZone, egress_zone

MICROSECONDS = 1_000_000
_TICK_US = MICROSECONDS // TICKS_PER_S
_RUNNING_STATES = frozenset({"running", "ready"})
_NOT_RUNNING_STATES = frozenset({"placed", "pulling", "creating", "starting", "stopped", "failed"})
_ANSWERED_BY_CONTAINER = frozenset({"container", "canceled"})


class Run:
    """One run of an instance, from running to stopped; ``since_us`` is where this period's part begins."""

    __slots__ = ("busy", "cpu_us", "limits", "since_us", "start_us")

    def __init__(self, start_us: int, since_us: int, limits: ContainerInfo, cpu_us: int) -> None:
        self.start_us = start_us
        self.since_us = since_us
        self.limits = limits
        self.cpu_us = cpu_us
        self.busy = BusyTime(since_us)

    def ticks(self, until_us: int) -> int:
        """Return the ticks of this period's part; a tick that has begun counts whole."""
        return max(_ticks(until_us - self.start_us) - _ticks(self.since_us - self.start_us), 0)

    def lasted_us(self, until_us: int) -> int:
        """Return how long this period's part lasted, in microseconds."""
        return max(until_us - self.since_us, 0)

    def busy_us(self, until_us: int) -> int:
        """Return for how long of that it served requests."""
        return min(self.busy.total_us, self.lasted_us(until_us))


class Meter:
    """The usage of one period of one run of the engine.

    An instance is billed from running to its end. What a start policy keeps prepared is none yet: it has
    no state, and nothing of it is billed, frozen in memory or not. The platform says the same of capacity
    that is prepared and does not run (its pricing page for containers, read November 2026).
    """

    def __init__(self) -> None:
        self._containers: dict[str, ContainerInfo] = {}
        self._zones: dict[str, EgressZone] = {}
        self._runs: dict[str, Run] = {}
        self._counts = dict.fromkeys(("requests", "worker_cpu_us", "vcpu_us", "object_requests"), 0)
        self._egress_bytes: dict[EgressZone, int] = dict.fromkeys(EGRESS_ZONES, 0)
        self._memory_mib_ticks = 0
        self._disk_mb_ticks = 0
        self._object_ticks = 0
        self._ran_mib_us = 0
        self._busy_mib_us = 0
        self._handlers: dict[type, Callable[[Any], None]] = {
            EngineStarted: self._started,
            EngineStopped: self._stopped,
            InstanceChanged: self._changed,
            InstanceSample: self._sampled,
            RequestFinished: self._requested,
        }

    def apply(self, event: AnyEvent) -> None:
        """Take in one event; those that use nothing are passed over."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    def usage(self, until_s: float) -> Usage:
        """Return what was used until ``until_s``, instances that still run included."""
        until_us = _microseconds(until_s)
        memory, disk, objects = self._memory_mib_ticks, self._disk_mb_ticks, self._object_ticks
        for run in self._runs.values():
            ticks = run.ticks(until_us)
            memory += run.limits.memory_mib * ticks
            disk += run.limits.disk_mb * ticks
            objects += ticks
        counts, egress = self._counts, self._egress_bytes
        return Usage(
            requests=counts["requests"],
            worker_cpu_us=counts["worker_cpu_us"],
            memory_mib_ticks=memory,
            disk_mb_ticks=disk,
            vcpu_us=counts["vcpu_us"],
            object_requests=counts["object_requests"],
            object_ticks=objects,
            egress_north_america_europe_bytes=egress["north_america_europe"],
            egress_oceania_korea_taiwan_bytes=egress["oceania_korea_taiwan"],
            egress_elsewhere_bytes=egress["elsewhere"],
        )

    def provisioned_per_s(self) -> Usage:
        """Return what one second costs of the instances that run now, when they serve nothing."""
        runs = self._runs.values()
        return Usage(
            memory_mib_ticks=sum(run.limits.memory_mib for run in runs) * TICKS_PER_S,
            disk_mb_ticks=sum(run.limits.disk_mb for run in runs) * TICKS_PER_S,
            object_ticks=len(runs) * TICKS_PER_S,
        )

    def idle_share(self, until_s: float) -> float:
        """Return the part of container memory time in which the instance served nothing, 0 to 1.

        Requests count once they have finished, by the time of their container hops.
        """
        until_us = _microseconds(until_s)
        ran, busy = self._ran_mib_us, self._busy_mib_us
        for run in self._runs.values():
            ran += run.limits.memory_mib * run.lasted_us(until_us)
            busy += run.limits.memory_mib * run.busy_us(until_us)
        return round(1 - busy / ran, 4) if ran else 0.0

    def next_period(self, time_s: float) -> "Meter":
        """Return a meter that goes on from here with nothing used, as for the next month.

        Its usage and this one's until ``time_s`` add up to that of one meter for the whole time.
        """
        following = Meter()
        following._containers, following._zones = dict(self._containers), dict(self._zones)
        until_us = _microseconds(time_s)
        for instance, run in self._runs.items():
            following._runs[instance] = Run(run.start_us, until_us, run.limits, run.cpu_us)
        return following

    def _started(self, event: EngineStarted) -> None:
        self._containers = {one.name: one for one in event.containers}
        self._zones = {one.id: egress_zone(one.latitude, one.longitude) for one in event.regions}

    def _stopped(self, event: EngineStopped) -> None:
        for instance in list(self._runs):
            self._close(instance, event.time_s)

    def _changed(self, event: InstanceChanged) -> None:
        limits = self._containers.get(event.container)
        if event.state in _RUNNING_STATES:
            if event.instance not in self._runs and limits is not None:
                start_us = _microseconds(event.time_s)
                self._runs[event.instance] = Run(start_us, start_us, limits, cpu_us=0)
        elif event.state in _NOT_RUNNING_STATES:
            self._close(event.instance, event.time_s)

    def _sampled(self, event: InstanceSample) -> None:
        run = self._runs.get(event.instance)
        if run is not None:
            cpu_us = _microseconds(event.cpu_total_s)
            self._counts["vcpu_us"] += max(cpu_us - run.cpu_us, 0)
            run.cpu_us = max(cpu_us, run.cpu_us)

    def _requested(self, event: RequestFinished) -> None:
        counts = self._counts
        counts["requests"] += 1
        counts["worker_cpu_us"] += round(event.worker_cpu_ms * 1000)
        outbound = sum(1 for hop in event.trace if hop.name == "outbound")
        counts["object_requests"] += max(event.sub_requests - outbound, 0)
        if event.outcome in _ANSWERED_BY_CONTAINER and event.region:
            self._egress_bytes[self._zones.get(event.region, "elsewhere")] += event.response_bytes
        for hop in event.trace:
            if hop.name == "container":
                run = self._runs.get(hop.detail) or self._runs.get(event.instance)
                if run is not None:
                    start_us = _microseconds(event.start_s + hop.start_ms / 1000)
                    run.busy.add(start_us, start_us + round(hop.duration_ms * 1000))

    def _close(self, instance: str, time_s: float) -> None:
        run = self._runs.pop(instance, None)
        if run is None:
            return
        until_us = _microseconds(time_s)
        ticks = run.ticks(until_us)
        self._memory_mib_ticks += run.limits.memory_mib * ticks
        self._disk_mb_ticks += run.limits.disk_mb * ticks
        self._object_ticks += ticks
        self._ran_mib_us += run.limits.memory_mib * run.lasted_us(until_us)
        self._busy_mib_us += run.limits.memory_mib * run.busy_us(until_us)


def _microseconds(seconds: float) -> int:
    return round(seconds * MICROSECONDS)


def _ticks(duration_us: int) -> int:
    return -(-max(duration_us, 0) // _TICK_US)
