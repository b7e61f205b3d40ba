"""Read memory and CPU of the running instances twice a second, and turn CPU time into percent."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from core.containers.drivers.protocol import DriverUnavailable, InstancePlan, Sample
from core.containers.instance import Instance
from core.containers.lifecycle import MEASURED_STATES
from core.containers.regions import RegionWatch
from core.events.bus import EventBus
from core.events.types import InstanceSample

SAMPLE_EVERY_S = 0.5
_DIGITS = 3


def cpu_percent(cpu_before_s: float, cpu_now_s: float, before_s: float, now_s: float) -> float:
    """Return CPU use between two readings; 100 is one core. 0 when no time has passed."""
    if now_s <= before_s:
        return 0.0
    return max(0.0, cpu_now_s - cpu_before_s) / (now_s - before_s) * 100


class Measured(Protocol):
    """What is sampled: an instance, with what the sampler keeps of it from one reading to the next."""

    plan: InstancePlan
    running_since_s: float
    last_reading: tuple[float, float, float]


class Sampler:
    """Publish an InstanceSample for each running instance; rest while none runs."""

    def __init__(self, bus: EventBus, instances_of: Callable[[str], Sequence[Instance]]) -> None:
        self._bus = bus
        self._instances_of = instances_of

    async def watch(self, region: RegionWatch) -> None:
        """Sample one region for ever."""
        while True:
            await region.running.wait()
            await asyncio.sleep(SAMPLE_EVERY_S)
            measured = [one for one in self._instances_of(region.region) if one.state in MEASURED_STATES]
            if not measured:
                region.running.clear()
            elif region.unavailable is None:
                await self.sample_once(region, measured)

    async def sample_once(self, region: RegionWatch, measured: Sequence[Measured]) -> None:
        """Read and publish once, all instances of the region in one pass."""
        try:
            samples = await region.driver.samples()
        except DriverUnavailable as error:
            region.lost(error)
            return
        known = {one.plan.instance: one for one in measured}
        for sample in samples:
            instance = known.get(sample.instance)
            if instance is not None:
                self._publish(sample, instance, region)

    def _publish(self, sample: Sample, instance: Measured, region: RegionWatch) -> None:
        now_s = self._bus.now_s()
        run_s, before_s, cpu_before_s = instance.last_reading
        if run_s != instance.running_since_s:
            before_s, cpu_before_s = instance.running_since_s, 0.0
        instance.last_reading = (instance.running_since_s, now_s, sample.cpu_total_s)
        percent = cpu_percent(cpu_before_s, sample.cpu_total_s, before_s, now_s)
        self._bus.publish(
            InstanceSample(
                time_s=now_s,
                instance=instance.plan.instance,
                container=instance.plan.container.name,
                region=instance.plan.region,
                kind=region.driver.kind,
                memory_mib=round(sample.memory_mib, _DIGITS),
                app_memory_mib=round(sample.app_memory_mib, _DIGITS),
                memory_limit_mib=round(sample.memory_limit_mib, _DIGITS),
                cpu_percent=round(percent, _DIGITS),
                cpu_total_s=round(sample.cpu_total_s, _DIGITS),
            )
        )
