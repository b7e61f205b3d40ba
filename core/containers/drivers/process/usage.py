"""Memory and CPU of whole process groups, read in one pass over the system's processes."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil

_PROC = Path("/proc")
_FOREIGN = 0


@dataclass(slots=True)
class Usage:
    """What one group uses. ``anonymous_bytes`` leaves out code and shared memory where that is known."""

    memory_bytes: int = 0
    anonymous_bytes: int = 0
    cpu_s: float = 0.0
    members: list[int] = field(default_factory=list)


class GroupReader(Protocol):
    """Read the groups of given leaders: each leader with everything that it started."""

    def add(self, leader: int) -> None:
        """Follow the group of this process."""

    def discard(self, leader: int) -> None:
        """Follow it no longer."""

    def read(self) -> dict[int, Usage]:
        """Return what each group uses now."""


class ProcReader:
    """Read ``/proc``: one listing, and two small files for each process of a group.

    A process belongs to a group when it is in the leader's session or its parent belonged. That is
    looked up once, when a process is first seen; all other processes of the machine cost nothing more.
    """

    def __init__(self) -> None:
        self._group_of: dict[int, int] = {}
        self._leaders: set[int] = set()
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self._ticks_per_s = os.sysconf("SC_CLK_TCK")

    def add(self, leader: int) -> None:
        self._leaders.add(leader)
        self._group_of[leader] = leader

    def discard(self, leader: int) -> None:
        self._leaders.discard(leader)
        self._group_of = {pid: group for pid, group in self._group_of.items() if group != leader}

    def read(self) -> dict[int, Usage]:
        found = {leader: Usage() for leader in self._leaders}
        pids = [int(name) for name in os.listdir(_PROC) if name.isdigit()]
        gone = self._group_of.keys() - set(pids) - self._leaders
        for pid in gone:
            del self._group_of[pid]
        for pid in pids:
            group = self._group_of.get(pid)
            if group != _FOREIGN:
                self._count(pid, group, found)
        return found

    def _count(self, pid: int, group: int | None, found: dict[int, Usage]) -> None:
        stat = _read_stat(pid)
        if stat is None:
            return
        if group is None:
            group = self._group_of[pid] = self._find_group(int(stat[3]), int(stat[1]))
            if group == _FOREIGN:
                return
        usage = found[group]
        resident_pages, shared_pages = _read_statm(pid)
        usage.memory_bytes += resident_pages * self._page_bytes
        usage.anonymous_bytes += (resident_pages - shared_pages) * self._page_bytes
        # With the times of children that have ended and been waited for, so that none is lost.
        usage.cpu_s += sum(int(ticks) for ticks in stat[11:15]) / self._ticks_per_s
        usage.members.append(pid)

    def _find_group(self, session: int, parent: int) -> int:
        return session if session in self._leaders else self._group_of.get(parent, _FOREIGN)


class PortableReader:
    """Read through psutil, on systems without ``/proc``; shared memory counts as anonymous there."""

    def __init__(self) -> None:
        self._leaders: set[int] = set()

    def add(self, leader: int) -> None:
        self._leaders.add(leader)

    def discard(self, leader: int) -> None:
        self._leaders.discard(leader)

    def read(self) -> dict[int, Usage]:
        return {leader: self._read_group(leader) for leader in self._leaders}

    def _read_group(self, leader: int) -> Usage:
        usage = Usage()
        for process in _family(leader):
            try:
                with process.oneshot():
                    resident = process.memory_info().rss
                    times = process.cpu_times()
            except psutil.Error:
                continue
            usage.memory_bytes += resident
            usage.anonymous_bytes += resident
            usage.cpu_s += sum(times[:4])
            usage.members.append(process.pid)
        return usage


def make_reader() -> GroupReader:
    """Return the cheapest reader that works here."""
    return ProcReader() if (_PROC / "self" / "statm").exists() else PortableReader()


def _family(leader: int) -> Iterator[psutil.Process]:
    try:
        process = psutil.Process(leader)
        yield process
        yield from process.children(recursive=True)
    except psutil.NoSuchProcess:
        return


def _read_stat(pid: int) -> list[bytes] | None:
    """Return the fields of /proc/PID/stat from the state on (field 3 of proc_pid_stat(5))."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            data = file.read(1024)
    except OSError:
        return None
    return data[data.rindex(b")") + 2 :].split()


def _read_statm(pid: int) -> tuple[int, int]:
    """Return resident and shared memory, in pages."""
    try:
        with open(f"/proc/{pid}/statm", "rb", buffering=0) as file:
            fields = file.read(256).split()
    except OSError:
        return 0, 0
    return int(fields[1]), int(fields[2])
