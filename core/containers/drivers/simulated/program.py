"""One emulated program: its service times, its memory and its CPU time."""

import asyncio
import math
import random

from core.containers.drivers.protocol import Exit, InstancePlan, Sample
from core.containers.drivers.simulated.draws import draw_start, lognormal, service_median_s

SERVICE_SIGMA = 0.35
_CPU_SHARE = 0.35
"""The part of a request's service time that is CPU time."""
_IDLE_CPU = 0.002
_WORKERS_PER_VCPU = 16
_LEAST_WORKERS = 4
_REST_SHARE, _GROWTH_SHARE, _BREATH_SHARE = 0.24, 0.30, 0.02
"""Memory as parts of the limit: at rest, what caches grow to with work, and the garbage collector's swing."""
_GROWTH_REQUESTS = 2_000
_REQUEST_MIB = 0.6
_WRITTEN_AT_START_BYTES, _WRITTEN_A_REQUEST_BYTES = 400_000, 512
"""An estimate: compiled files and caches at the start, then a log line or two for each request."""
_SHARED_SHARE = 0.15
"""The part of the resident memory that is code and shared libraries."""


class Program:
    """What runs in one emulated instance, from one start to its end."""

    def __init__(self, plan: InstancePlan, rng: random.Random) -> None:
        self.plan = plan
        self.times = draw_start(rng)
        self.listening = False
        self.frozen = False
        self.ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._rng = rng
        self._rest_mib = plan.limits.memory_mib * _REST_SHARE * lognormal(rng, 1.0, 0.1)
        self._breath_period_s = rng.uniform(20.0, 60.0)
        self._breath_phase = rng.uniform(0.0, 2 * math.pi)
        self._started_s = 0.0
        self._served = 0
        self._in_flight = 0
        self._work_s = 0.0

    def begin(self, now_s: float) -> None:
        """Note when the program started."""
        self._started_s = now_s

    def end(self, end: Exit) -> None:
        """End it; only the first end counts."""
        self.listening = self.frozen = False
        if not self.ended.done():
            self.ended.set_result(end)

    def boot_s(self) -> float:
        """Return how long it takes to listen: shorter where its CPU limit does not slow it down."""
        return self.times.boot_s * (min(1.0, self.plan.limits.vcpu) if self.plan.policy == "boosted" else 1.0)

    def stop_time_s(self) -> float:
        """Draw how long it takes to end after SIGTERM."""
        return lognormal(self._rng, 0.15, 0.4)

    async def serve(self, path: str) -> None:
        """Take as long as one request takes; longer when more are in flight than it has workers."""
        self._in_flight += 1
        try:
            workers = max(_LEAST_WORKERS, self.plan.limits.vcpu * _WORKERS_PER_VCPU)
            work_s = lognormal(self._rng, service_median_s(path), SERVICE_SIGMA)
            await asyncio.sleep(work_s * max(1.0, self._in_flight / workers))
            self._served += 1
            self._work_s += work_s
        finally:
            self._in_flight -= 1

    def written_bytes(self) -> int:
        """Draw what it has written to its disk: what it lays out at its start, and a little a request."""
        at_rest = lognormal(self._rng, _WRITTEN_AT_START_BYTES, 0.5)
        return min(
            self.plan.limits.disk_mb * 1_000_000, int(at_rest) + self._served * _WRITTEN_A_REQUEST_BYTES
        )

    def sample(self, now_s: float) -> Sample:
        """Read its memory and CPU time."""
        limit_mib = float(self.plan.limits.memory_mib)
        growth = 1.0 - math.exp(-self._served / _GROWTH_REQUESTS)
        breath = math.sin(2 * math.pi * now_s / self._breath_period_s + self._breath_phase)
        memory_mib = self._rest_mib + limit_mib * (_GROWTH_SHARE * growth + _BREATH_SHARE * breath)
        memory_mib = min(limit_mib, memory_mib + self._in_flight * _REQUEST_MIB)
        cpu_s = self.times.boot_s * _CPU_SHARE + self._work_s * _CPU_SHARE
        cpu_s += (now_s - self._started_s) * _IDLE_CPU
        return Sample(self.plan.instance, memory_mib, memory_mib * (1 - _SHARED_SHARE), limit_mib, cpu_s)
