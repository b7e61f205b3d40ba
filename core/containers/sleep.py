"""When an idle instance goes to sleep."""

import asyncio
import contextlib
from typing import Protocol

from core.containers.drivers.protocol import InstancePlan
from core.containers.ending import Wish

_TIME_RESOLUTION_S = 0.000_001
"""Event times have microseconds; a shorter rest is none."""


def idle_left_s(in_flight: int, last_active_s: float, now_s: float, sleep_after_s: float) -> float:
    """Return the seconds until the instance may sleep; 0 when it may now.

    Requests in flight, streamed bodies and open WebSockets hold it off for the whole time again.
    """
    if in_flight > 0:
        return sleep_after_s
    left_s = last_active_s + sleep_after_s - now_s
    return left_s if left_s > _TIME_RESOLUTION_S else 0.0


class Sleeper(Protocol):
    """What can be idle."""

    plan: InstancePlan

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def load(self) -> int:
        """Requests in flight at it, or waiting for it."""

    def now_s(self) -> float:
        """The run's time."""

    async def may_sleep(self) -> bool:
        """Say whether nobody objects to its sleep."""

    def ask(self, wish: Wish) -> None:
        """Let it end as wished."""


class Idle:
    """The idle time of one instance: watched while it runs, and its end when it has lasted long enough."""

    def __init__(self, sleeper: Sleeper) -> None:
        self._sleeper = sleeper
        self._limit_s: float | None = None
        self._last_active_s = 0.0
        self._changed = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    @property
    def limit_s(self) -> float:
        """Return the idle time after which it sleeps: its class's, unless set."""
        return self._sleeper.plan.container.sleep_after if self._limit_s is None else self._limit_s

    @property
    def own_limit_s(self) -> float | None:
        """Return the limit that was set for this life; None where it is its class's."""
        return self._limit_s

    def set_limit(self, seconds: float | None) -> None:
        """Set the idle time after which it sleeps; None for its class's."""
        self._limit_s = seconds
        self._changed.set()

    def renew(self) -> None:
        """Let the idle time start anew."""
        self._last_active_s = self._sleeper.now_s()

    def watch(self) -> None:
        """Begin to watch; the idle time starts now."""
        self.renew()
        if self._watching is None:
            loop = asyncio.get_running_loop()
            self._watching = loop.create_task(self._watch(), name=f"idle {self._sleeper.name}")

    def stop(self) -> None:
        """Watch no more."""
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()

    async def _watch(self) -> None:
        while True:
            while left_s := self._left_s():
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), left_s)
            if not await self._sleeper.may_sleep():
                self.renew()
            elif not self._left_s():
                self._sleeper.ask(Wish(f"asleep: no request for {self.limit_s:g} s"))
                return

    def _left_s(self) -> float:
        sleeper = self._sleeper
        return idle_left_s(sleeper.load, self._last_active_s, sleeper.now_s(), self.limit_s)
