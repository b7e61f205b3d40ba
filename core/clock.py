"""The one source of time: real, or virtual time that runs as fast as the work allows.

Everything that waits uses ``asyncio.sleep`` or ``asyncio.timeout``; under ``VirtualTimeLoop`` those
jump to the next deadline instead of waiting, so a run with a seed is the same byte for byte.
"""

import asyncio
import selectors
import time
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

VIRTUAL_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""The date at which every virtual run starts."""
MAX_LAG_S = 1.0
"""Seconds of real time that a paced run catches up with; what it is further behind stays lost."""


class Clock(Protocol):
    """Tell the time of one run."""

    def now_s(self) -> float:
        """Return the seconds since the run started, never running backwards."""

    def wall_time(self) -> datetime:
        """Return the date and time in UTC."""


class RealClock:
    """The computer's own clock, counted from the moment of its making."""

    def __init__(self) -> None:
        self._origin_s = time.monotonic()

    def now_s(self) -> float:
        return time.monotonic() - self._origin_s

    def wall_time(self) -> datetime:
        return datetime.now(UTC)


class VirtualClock:
    """The clock of a ``VirtualTimeLoop``; without a loop it stands still until ``advance`` is called."""

    def __init__(self, start_s: float = 0.0) -> None:
        self._now_s = start_s

    def now_s(self) -> float:
        return self._now_s

    def wall_time(self) -> datetime:
        return VIRTUAL_EPOCH + timedelta(seconds=self._now_s)

    def advance(self, seconds: float) -> None:
        """Move the time forward by ``seconds``."""
        self._now_s += seconds


class Deadlock(RuntimeError):
    """Virtual time cannot go on: every task waits, and none of them for a time."""


class _VirtualSelector(selectors.DefaultSelector):
    """A selector that moves a virtual clock on instead of waiting."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise Deadlock("every task waits for something that no task and no timer will bring")
        self._clock.advance(max(timeout, 0.0))
        return ready


class _PacedSelector(selectors.DefaultSelector):
    """A selector that keeps a virtual clock in step with real time, ``pace`` times as fast.

    What work and the system's timers take too long is caught up with by shorter waits; a run that is
    further behind than ``MAX_LAG_S``, as after the computer's sleep, goes on from where it is.
    """

    def __init__(self, clock: VirtualClock, pace: float) -> None:
        super().__init__()
        self._clock = clock
        self._pace = pace
        self._anchor(time.monotonic())

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(0)
        if timeout is None:
            ready = super().select(None)
        else:
            due_s = (
                self._anchor_real_s + (self._clock.now_s() + timeout - self._anchor_virtual_s) / self._pace
            )
            ready = super().select(max(due_s - time.monotonic(), 0.0))
        self._move_on(timeout, woken=bool(ready))
        return ready

    def _move_on(self, timeout: float | None, *, woken: bool) -> None:
        """Advance the clock: to the deadline when nothing came, else as far as real time has come."""
        real_s = time.monotonic()
        passed_s = (real_s - self._anchor_real_s) * self._pace
        gone_s = max(self._anchor_virtual_s + passed_s - self._clock.now_s(), 0.0)
        if timeout is None:
            self._clock.advance(gone_s)
        else:
            self._clock.advance(min(gone_s, timeout) if woken else timeout)
            if gone_s - timeout > MAX_LAG_S * self._pace:
                self._anchor(real_s)

    def _anchor(self, real_s: float) -> None:
        """Let virtual time as it is now belong to this moment of real time."""
        self._anchor_real_s = real_s
        self._anchor_virtual_s = self._clock.now_s()


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time.

    ``pace`` None runs as fast as the work allows; a number is the speed against real time (1 for a
    live console over a simulated deployment).
    """

    def __init__(self, clock: VirtualClock, pace: float | None = None) -> None:
        self.clock = clock
        super().__init__(_VirtualSelector(clock) if pace is None else _PacedSelector(clock, pace))

    def time(self) -> float:
        return self.clock.now_s()


def run_virtual(main: Coroutine[Any, Any, T], clock: VirtualClock, pace: float | None = None) -> T:
    """Run ``main`` to its end on virtual time and return its result."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(clock, pace)) as runner:
        return runner.run(main)
