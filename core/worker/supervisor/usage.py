"""CPU time and resident memory of one process, read as cheaply as the system allows."""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

_MIB = 1024 * 1024
_UTIME, _STIME, _RSS = 11, 12, 21
"""Places in /proc/PID/stat, counted from the state on (fields 14, 15 and 24 of proc_pid_stat(5))."""


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU time used so far, of all threads, and resident memory."""

    cpu_s: float
    resident_mib: float


class UsageReader(Protocol):
    """Reads one process."""

    def read(self) -> Usage | None:
        """Return what the process uses; None when it has ended."""

    def close(self) -> None:
        """Free what the reader holds."""


UsageOf = Callable[[int], UsageReader]


class ProcReader:
    """Reads ``/proc/PID/stat`` through a file kept open: one system call, never another process's figures."""

    def __init__(self, pid: int) -> None:
        self._page_mib = os.sysconf("SC_PAGE_SIZE") / _MIB
        self._ticks_per_s = os.sysconf("SC_CLK_TCK")
        self._file: int | None = None
        with contextlib.suppress(OSError):
            self._file = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)

    def read(self) -> Usage | None:
        if self._file is None:
            return None
        try:
            data = os.pread(self._file, 1024, 0)
        except OSError:
            return None
        fields = data[data.rindex(b")") + 2 :].split()
        if fields[0] in b"ZX":
            return None
        cpu_ticks = int(fields[_UTIME]) + int(fields[_STIME])
        return Usage(cpu_ticks / self._ticks_per_s, int(fields[_RSS]) * self._page_mib)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


class PortableReader:
    """Reads through psutil, on systems without ``/proc``."""

    def __init__(self, pid: int) -> None:
        self._process: psutil.Process | None = None
        with contextlib.suppress(psutil.Error):
            self._process = psutil.Process(pid)

    def read(self) -> Usage | None:
        if self._process is None:
            return None
        try:
            with self._process.oneshot():
                if self._process.status() == psutil.STATUS_ZOMBIE:
                    return None
                times, memory = self._process.cpu_times(), self._process.memory_info()
        except psutil.Error:
            return None
        return Usage(times.user + times.system, memory.rss / _MIB)

    def close(self) -> None:
        self._process = None


def usage_of(pid: int) -> UsageReader:
    """Return the cheapest reader that works here."""
    return ProcReader(pid) if Path("/proc/self/stat").exists() else PortableReader(pid)
