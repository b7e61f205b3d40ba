"""How an instance comes to its end, and what it tells those that it belongs to."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any, Protocol

from core.containers.drivers.protocol import Driver, DriverUnavailable, Exit, InstancePlan, StartFailed
from core.profiles.load import load_profile

_TIMEOUTS = load_profile("ga").timeouts
PLATFORM_GRACE_S = _TIMEOUTS.stop_grace_s
"""What the platform gives between SIGTERM and SIGKILL: 15 minutes."""
STOP_GRACE_S = _TIMEOUTS.stop_grace_here_s
"""Time between SIGTERM and SIGKILL here. On one machine, where somebody waits for the console, 10 s is
enough to see a clean end or the lack of one."""
MEASURED_WITHIN_S = 1.0
"""How long looking at the lost disk may put off its removal."""
MEASURED_FOR_WAITERS_S = 0.1
"""The same where requests wait for the answer that a start has failed."""
KILLED_EXIT_CODE = 137
"""128 and the number of SIGKILL: what a program has that did not end by itself in its grace."""


class Household(Protocol):
    """What an instance tells the pool that it belongs to."""

    def program_runs(self) -> None:
        """The program runs: there is something to measure."""

    def start_succeeded(self) -> None:
        """The instance is ready."""

    def start_failed(self, failure: StartFailed) -> str:
        """The start failed; return when the next one may be tried, in words."""

    def why_not(self) -> str | None:
        """Say why it cannot be started now; None when it can."""

    def driver_lost(self, error: DriverUnavailable) -> None:
        """The engine below is gone."""

    async def may_sleep(self) -> bool:
        """It has been idle for its time; return whether it may be stopped now."""

    def went_down(self, ending: "Ending") -> None:
        """Its life is over."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a life of an instance was over."""

    failed: bool
    end: Exit | None
    """How the program ended, where that is known."""
    reason: str
    asked: bool
    """Whether somebody wanted the end."""
    ran: bool
    """Whether the program ever ran."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody wants the instance to end."""

    reason: str
    grace_s: float = STOP_GRACE_S
    kill: bool = False
    lost: DriverUnavailable | None = None
    """Set when the engine is gone, so that there is nothing to stop."""


def how_it_is_stopped(wish: Wish) -> str:
    """Return a wish's reason with what is done for it, and where that is shorter than on the platform."""
    if wish.kill:
        return f"{wish.reason}; SIGKILL"
    platform_min = f"{PLATFORM_GRACE_S / 60:g} min"
    return f"{wish.reason}; SIGTERM, SIGKILL after {wish.grace_s:g} s (the platform gives {platform_min})"


def how_it_was_stopped(wish: Wish, end: Exit) -> str:
    """Return a wish's reason, with a word on a program that had to be killed."""
    if wish.kill or end.exit_code != KILLED_EXIT_CODE or end.out_of_memory:
        return wish.reason
    return f"{wish.reason}; it did not end within {wish.grace_s:g} s of SIGTERM and was killed"


def why_it_ended(end: Exit, memory_limit_mib: int, signal: int | None) -> str:
    """Return in words why a program ended that nobody stopped; ``signal`` is one that it was sent."""
    if end.out_of_memory:
        reason = f"out of memory: it used more than its {memory_limit_mib} MiB and was killed"
    elif signal is not None:
        reason = f"the program ended with exit code {end.exit_code} after the signal {signal}"
    else:
        reason = f"the program ended by itself with exit code {end.exit_code}"
    return f"{reason}: {end.message}" if end.message else reason


async def stop_gently(
    driver: Driver, plan: InstancePlan, wish: Wish, second_wish: "asyncio.Future[Wish]"
) -> None:
    """Send SIGTERM and wait out the grace; a second wish in the meantime kills.

    Raises DriverUnavailable when that one says that the engine is gone.
    """
    stopping = asyncio.ensure_future(driver.stop(plan, wish.grace_s))
    try:
        either: tuple[asyncio.Future[Any], ...] = (stopping, second_wish)
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not stopping.done():
            second = second_wish.result()
            if second.lost is not None:
                raise second.lost
            await driver.kill(plan)
        await stopping
    finally:
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)


async def remove(driver: Driver, plan: InstancePlan, measured_within_s: float) -> int | None:
    """Remove what is left of an instance; return what was on its disk, None where that takes too long."""
    lost_bytes: int | None = None
    if measured_within_s > 0:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(measured_within_s):
                lost_bytes = await driver.written_bytes(plan)
    await driver.remove(plan)
    return lost_bytes
