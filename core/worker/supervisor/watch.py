"""Looks at one isolate again and again: does it answer, what does it use, is it within its limits."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Protocol

from core.worker.isolate import IsolateLost
from core.worker.supervisor.member import Member
from core.worker.supervisor.memory import MemoryPolicy
from core.worker.supervisor.published import Published
from core.worker.supervisor.stall import StallPolicy, look_every_s
from core.worker.supervisor.usage import Usage, UsageReader

IDLE_LOOK_S = 1.0
BUSY_SAMPLE_S = 1.0
IDLE_SAMPLE_S = 5.0
SURE_AFTER_S = 0.02
"""How long a request must have kept the isolate for itself to be blamed for its memory."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one isolate may use."""

    cpu_ms: float = 30_000
    memory_mib: float = 128


class Keeper(Protocol):
    """Who acts on what is seen."""

    def stalled(self, member: Member) -> None:
        """The isolate's loop has stopped turning."""

    def responding(self, member: Member) -> None:
        """It turns again."""

    def broke_limit(self, member: Member, message: str, culprit: str) -> None:
        """The isolate has used more than it may; ``culprit`` is empty where several may have done it."""

    def idle(self, member: Member, idle_s: float) -> None:
        """It has had nothing to do for so long."""


class Watch:
    """Watches one isolate until it has ended or the watch is cancelled."""

    def __init__(
        self, member: Member, reader: UsageReader, limits: Limits, keeper: Keeper, events: Published
    ) -> None:
        self._member = member
        self._reader = reader
        self._limits = limits
        self._keeper = keeper
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._usual_s = look_every_s(limits.cpu_ms / 1000)
        first = reader.read() or Usage(0.0, 0.0)
        self._stall = StallPolicy(limits.cpu_ms / 1000)
        self._memory = MemoryPolicy(limits.memory_mib, first.resident_mib)
        self._ping: asyncio.Task[None] | None = None
        self._busy_until_s = self._loop.time()
        self._sampled_s, self._sampled_cpu_s = self._busy_until_s, first.cpu_s
        self._was_busy = False

    async def run(self) -> None:
        """Look until the isolate has ended."""
        try:
            while self._look():
                await self._rest()
        finally:
            if self._ping is not None:
                self._ping.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._ping

    def close(self) -> None:
        """Free what the watch holds."""
        self._reader.close()

    def _look(self) -> bool:
        usage = self._reader.read()
        if usage is None:
            return False
        now_s, isolate = self._loop.time(), self._member.isolate
        if isolate.in_flight:
            self._busy_until_s, self._was_busy = now_s, True
        if not self._within_cpu(now_s, usage) or not self._within_memory(now_s, usage):
            return False
        if isolate.in_flight and self._ping is None:
            self._send_ping(now_s, usage)
        self._sample(now_s, usage)
        self._keeper.idle(self._member, now_s - self._busy_until_s)
        return True

    def _within_cpu(self, now_s: float, usage: Usage) -> bool:
        verdict = self._stall.look(now_s, usage.cpu_s, self._member.isolate.running())
        if verdict == "over_limit":
            message = f"used more than {self._limits.cpu_ms:,.0f} ms of CPU time"
            self._keeper.broke_limit(self._member, message, self._member.isolate.running())
            return False
        if verdict == "stalled":
            self._keeper.stalled(self._member)
        return True

    def _within_memory(self, now_s: float, usage: Usage) -> bool:
        verdict = self._memory.look(now_s, usage.resident_mib)
        if verdict == "over":
            limit_mib, used_mib = self._limits.memory_mib, self._memory.used_mib
            message = f"used more than {limit_mib:,.0f} MiB of memory ({used_mib:,.0f} MiB)"
            # Requests that take turns all hold memory; one that gives nobody a turn is the one to blame.
            sure = self._stall.silent_s(now_s) >= SURE_AFTER_S
            self._keeper.broke_limit(self._member, message, self._member.isolate.running() if sure else "")
            return False
        if verdict == "ask" and self._ping is None:
            self._send_ping(now_s, usage)
        return True

    async def _rest(self) -> None:
        """Wait until the next look: soon while there is, or lately was, something to do."""
        usual_s = self._usual_s
        if self._ping is None and self._loop.time() - self._busy_until_s > IDLE_LOOK_S:
            usual_s = IDLE_LOOK_S
            self._member.wake.clear()
        wait_s = self._memory.next_look_s(usual_s)
        if usual_s < IDLE_LOOK_S:
            await asyncio.sleep(wait_s)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._member.wake.wait()

    def _send_ping(self, now_s: float, usage: Usage) -> None:
        self._stall.pinged(now_s, usage.cpu_s, self._member.isolate.running())
        self._ping = asyncio.create_task(self._wait_for_pong())

    async def _wait_for_pong(self) -> None:
        try:
            await self._member.isolate.ping()
        except IsolateLost:
            return  # its end is noticed elsewhere
        self._ping = None
        self._stall.answered()
        self._memory.told(self._member.isolate.heap_mib)
        self._keeper.responding(self._member)

    def _sample(self, now_s: float, usage: Usage) -> None:
        passed_s = now_s - self._sampled_s
        if passed_s < (BUSY_SAMPLE_S if self._was_busy else IDLE_SAMPLE_S):
            return
        isolate = self._member.isolate
        self._events.sample(
            isolate.number,
            memory_mib=self._memory.used_mib,
            resident_mib=usage.resident_mib,
            heap_mib=isolate.heap_mib,
            memory_limit_mib=self._limits.memory_mib,
            cpu_percent=max(0.0, usage.cpu_s - self._sampled_cpu_s) / passed_s * 100,
            in_flight=isolate.in_flight,
        )
        self._sampled_s, self._sampled_cpu_s, self._was_busy = now_s, usage.cpu_s, False
