"""CPU time of requests, from that of the isolate's process: exact for one alone, shared out among several."""

import os
from collections.abc import Callable

import psutil

from core.worker.runtime import CpuTime

_NS_PER_MS = 1e6


class CpuMeter:
    """Shares out the CPU time of a process among the requests under way; ``used_ms`` tells it so far."""

    def __init__(self, used_ms: Callable[[], float]) -> None:
        self._used_ms = used_ms
        self._last_ms = 0.0
        self._share_ms = 0.0
        """What one request would have got had it been there from the start."""
        self._under_way = 0
        self._crowds = 0
        """How often a request began beside another."""

    def begin(self) -> "CpuVisit":
        """Note that a request begins."""
        self._settle()
        self._crowds += self._under_way > 0
        self._under_way += 1
        return CpuVisit(self, self._share_ms, self._crowds, alone=self._under_way == 1)

    def end(self) -> tuple[float, int]:
        """Note that a request ends; return the counters."""
        self._settle()
        self._under_way -= 1
        return self._share_ms, self._crowds

    def _settle(self) -> None:
        used_ms = self._used_ms()
        if self._under_way:
            self._share_ms += max(used_ms - self._last_ms, 0.0) / self._under_way
        self._last_ms = used_ms


class CpuVisit:
    """One request's part."""

    __slots__ = ("_alone", "_crowds", "_meter", "_share_ms", "_spent")

    def __init__(self, meter: CpuMeter, share_ms: float, crowds: int, *, alone: bool) -> None:
        self._meter = meter
        self._share_ms = share_ms
        self._crowds = crowds
        self._alone = alone
        self._spent: CpuTime | None = None

    def end(self) -> CpuTime:
        """Return the request's CPU time; the first call ends it."""
        if self._spent is None:
            share_ms, crowds = self._meter.end()
            alone = self._alone and crowds == self._crowds
            self._spent = CpuTime(share_ms - self._share_ms, "measured" if alone else "estimated")
        return self._spent


class ProcessCpu:
    """CPU time of the thread in which workerd runs the Worker; of the whole process outside of Linux."""

    def __init__(self, pid: int) -> None:
        self._descriptor = -1
        self._process: psutil.Process | None = None
        self._last_ms = 0.0
        try:
            self._descriptor = os.open(f"/proc/{pid}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._process = psutil.Process(pid)

    def used_ms(self) -> float:
        """Return the CPU time so far; the last known once the process has ended."""
        try:
            if self._descriptor >= 0:
                # Nanoseconds on the CPU come first (the kernel's Documentation/scheduler/sched-stats).
                self._last_ms = int(os.pread(self._descriptor, 64, 0).split()[0]) / _NS_PER_MS
            elif self._process is not None:
                times = self._process.cpu_times()
                self._last_ms = (times.user + times.system) * 1000
        except (OSError, IndexError, psutil.Error):
            pass
        return self._last_ms

    def close(self) -> None:
        """Stop looking."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
