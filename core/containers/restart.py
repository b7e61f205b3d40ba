"""The restart policy: whether a program that ended with an error is started again, when, and how often.

``on-failure`` is Docker's policy of that name, and what the platform does with a container that is out of
memory. It is never about an end that somebody wanted: a stop, a sleep, a signal, or exit code 0.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from core.containers.backoff import delay_s
from core.containers.drivers.protocol import InstancePlan
from core.containers.sleep import Idle

MOST_IN_A_ROW = 5
"""Restarts in a row after which it stays down until a request needs it."""
STEADY_S = 10.0
"""A program that ran so long has recovered: its next end is the first again. Docker's figure."""


@dataclass(frozen=True, slots=True)
class Restart:
    """A restart that is due: the how many-th in a row, and in how many seconds."""

    number: int
    wait_s: float

    @property
    def count(self) -> str:
        """Return its place in the row in words."""
        return f"restart {self.number} of at most {MOST_IN_A_ROW} in a row"


def next_restart(in_a_row: int, ran_s: float) -> Restart | None:
    """Return the restart after one more end with an error, ``in_a_row`` restarts before it; None: no more.

    The first comes at once, the others after the waits that starts have after failures in a row.
    """
    number = 1 if ran_s >= STEADY_S else in_a_row + 1
    return Restart(number, delay_s(number)) if number <= MOST_IN_A_ROW else None


class Restartable(Protocol):
    """What can be started again."""

    plan: InstancePlan

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def is_down(self) -> bool:
        """Whether it uses nothing."""

    idle: Idle
    """Its idle time, which may have been set for it alone."""

    def begin(self, reason: str) -> None:
        """Start it."""


class Restarts:
    """The restarts of one instance.

    ``why_not`` says why it cannot be started now, None when it can; ``tell`` is told where that is so.
    """

    def __init__(
        self, one: Restartable, why_not: Callable[[], str | None], tell: Callable[[str], None]
    ) -> None:
        self._one = one
        self._why_not = why_not
        self._tell = tell
        self._in_a_row = 0
        self._due: asyncio.Task[None] | None = None

    @property
    def is_due(self) -> bool:
        """Say whether it is about to be started again."""
        return self._due is not None and not self._due.done()

    def after_failure(self, ran_s: float) -> str:
        """Take note of an end with an error after ``ran_s`` seconds; return in words what comes of it.

        Where it is started again, that happens by itself from now on. Empty without the policy.
        """
        if self._one.plan.container.restart != "on-failure":
            return ""
        restart = next_restart(self._in_a_row, ran_s)
        if restart is None:
            self._in_a_row = 0
            return f"; after {MOST_IN_A_ROW} restarts in a row it stays down until a request needs it"
        self._in_a_row = restart.number
        loop = asyncio.get_running_loop()
        self._due = loop.create_task(self._again(restart), name=f"restart {self._one.name}")
        when = f"in {restart.wait_s:g} s" if restart.wait_s else "at once"
        return f"; it is started again {when} ({restart.count})"

    def stop(self) -> bool:
        """Let it stay down; return whether it was about to be started."""
        was_due = self.is_due
        if self._due is not None:
            self._due.cancel()
        return was_due

    async def _again(self, restart: Restart) -> None:
        await asyncio.sleep(restart.wait_s)
        if not self._one.is_down:
            return  # A request, or a person, was faster.
        if reason := self._why_not():
            self._tell(f"it is not started again: {reason}")
            return
        limit_s = self._one.idle.own_limit_s
        self._one.begin(f"it failed: {restart.count}")
        self._one.idle.set_limit(limit_s)
