"""Ends an isolate whose loop is stuck: one request computes without end, and nothing else gets its turn."""

import asyncio

import psutil

from core.worker.python.process import IsolateProcess
from core.worker.python.reports import Ping

LONGEST_INTERVAL_S = 0.5
SHORTEST_INTERVAL_S = 0.02


class Watchdog:
    """Compares CPU time used since the isolate last answered a ping with the limit.

    A request that lets others have their turn is stopped by the isolate itself; this one is for code
    that does not.
    """

    def __init__(self, isolate: IsolateProcess, cpu_limit_ms: float) -> None:
        self._isolate = isolate
        self._cpu_limit_ms = cpu_limit_ms
        self._interval_s = min(max(cpu_limit_ms / 4000, SHORTEST_INTERVAL_S), LONGEST_INTERVAL_S)
        self._process = psutil.Process(isolate.pid)
        self._timer: asyncio.TimerHandle | None = None
        self._busy = 0
        self._pings = 0
        self._cpu_at_ping_s = 0.0
        self._suspected = False

    def enter(self) -> None:
        """Count one more request at the isolate."""
        self._busy += 1
        if self._timer is None:
            self._ping()

    def leave(self) -> None:
        """Count it out again; without requests the watchdog sleeps."""
        self._busy -= 1

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _ping(self) -> None:
        used_s = self._cpu_used_s()
        if used_s is None:
            return
        self._pings += 1
        self._cpu_at_ping_s = used_s
        self._suspected = False
        self._isolate.tell(Ping(number=self._pings))
        self._timer = asyncio.get_running_loop().call_later(self._interval_s, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._isolate.last_pong == self._pings:
            if self._busy > 0:
                self._ping()
            return
        used_s = self._cpu_used_s()
        if used_s is None:
            return
        over_limit = (used_s - self._cpu_at_ping_s) * 1000 > self._cpu_limit_ms
        if over_limit and self._suspected:
            limit = f"{self._cpu_limit_ms:,.0f} ms"
            self._isolate.kill(f"the Worker used more than {limit} of CPU time without a pause")
            return
        # Looked at twice: after a pause of the engine itself, an answer may be there and not read yet.
        self._suspected = over_limit
        self._timer = asyncio.get_running_loop().call_later(self._interval_s, self._look)

    def _cpu_used_s(self) -> float | None:
        try:
            times = self._process.cpu_times()
        except psutil.Error:
            # The process has ended, and its end is noticed elsewhere.
            return None
        return times.user + times.system
