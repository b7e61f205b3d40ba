"""How an instance comes to its end, and what it tells those that it belongs to."""

from dataclasses import dataclass
from typing import Protocol

from core.containers.drivers.protocol import DriverUnavailable, Exit, StartFailed

STOP_GRACE_S = 10.0
"""Time between SIGTERM and SIGKILL. The platform gives 15 minutes; on one machine, where somebody
waits for the console, 10 s is enough to see a clean end or the lack of one."""


class Household(Protocol):
    """What an instance tells the pool that it belongs to."""

    def program_runs(self) -> None:
        """The program runs: there is something to measure."""

    def start_succeeded(self) -> None:
        """The instance is ready."""

    def start_failed(self, failure: StartFailed) -> str:
        """The start failed; return when the next one may be tried, in words."""

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


def why_it_ended(end: Exit, memory_limit_mib: int, signal: int | None) -> str:
    """Return in words why a program ended that nobody stopped; ``signal`` is one that it was sent."""
    if end.out_of_memory:
        reason = f"out of memory: it used more than its {memory_limit_mib} MiB and was killed"
    elif signal is not None:
        reason = f"the program ended with exit code {end.exit_code} after the signal {signal}"
    else:
        reason = f"the program ended by itself with exit code {end.exit_code}"
    return f"{reason}: {end.message}" if end.message else reason
