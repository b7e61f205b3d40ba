"""Memory and CPU of whole process groups, read in one pass over the system's processes."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil

_PROC = Path("/proc")
_FOREIGN = 0
_READ_BYTES = 1024
_MOST_OPEN = 4096
_NO_TIMES = [b"0"] * 15


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

    def read_memory(self) -> dict[int, Usage]:
        """Return the same without CPU times, where these cost extra."""


class ProcReader:
    """Read ``/proc``: one listing, and two small files for each process of a group, which stay open.

    A process belongs to a group when it is in the leader's session or its parent belonged. That is
    looked up once, when a process is first seen; all other processes of the machine cost nothing more.
    An open file never becomes that of another process of the same number.
    """

    def __init__(self, most_open: int | None = None) -> None:
        self._group_of: dict[int, int] = {}
        self._leaders: set[int] = set()
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self._ticks_per_s = os.sysconf("SC_CLK_TCK")
        self._memory = _OpenFiles("statm", _share_of_descriptors() if most_open is None else most_open)
        self._times = _OpenFiles("stat", self._memory.most)

    def add(self, leader: int) -> None:
        self._leaders.add(leader)
        self._group_of[leader] = leader

    def discard(self, leader: int) -> None:
        self._leaders.discard(leader)
        for pid in [pid for pid, group in self._group_of.items() if group == leader]:
            self._forget(pid)

    def read(self) -> dict[int, Usage]:
        return self._read(with_times=True)

    def read_memory(self) -> dict[int, Usage]:
        return self._read(with_times=False)

    def _read(self, *, with_times: bool) -> dict[int, Usage]:
        found = {leader: Usage() for leader in self._leaders}
        pids = [int(name) for name in os.listdir(_PROC) if name.isdigit()]
        for pid in self._group_of.keys() - set(pids) - self._leaders:
            self._forget(pid)
        for pid in pids:
            group = self._group_of.get(pid)
            if group is None:
                group = self._group_of[pid] = self._find_group(pid)
            if group != _FOREIGN:
                self._count(pid, found[group], with_times)
        return found

    def _count(self, pid: int, usage: Usage, with_times: bool) -> None:
        memory = self._memory.read(pid).split()
        times = _fields(self._times.read(pid)) if with_times else _NO_TIMES
        if not memory or not times:
            if pid not in self._leaders:
                self._forget(pid)  # It is gone; whoever has its number now is looked at anew.
            return
        resident_pages, shared_pages = int(memory[1]), int(memory[2])
        usage.memory_bytes += resident_pages * self._page_bytes
        usage.anonymous_bytes += (resident_pages - shared_pages) * self._page_bytes
        # With the times of children that have ended and been waited for, so that none is lost.
        usage.cpu_s += sum(map(int, times[11:15])) / self._ticks_per_s
        usage.members.append(pid)

    def _find_group(self, pid: int) -> int:
        fields = _fields(_read_once(pid, "stat"))
        if not fields:
            return _FOREIGN
        session, parent = int(fields[3]), int(fields[1])
        return session if session in self._leaders else self._group_of.get(parent, _FOREIGN)

    def _forget(self, pid: int) -> None:
        self._group_of.pop(pid, None)
        self._memory.close(pid)
        self._times.close(pid)


class _OpenFiles:
    """One file of each process, open from its first reading on; past ``most`` it is opened each time."""

    def __init__(self, name: str, most: int) -> None:
        self.most = most
        self._name = name
        self._open: dict[int, int] = {}

    def read(self, pid: int) -> bytes:
        """Return the content; nothing when the process is gone."""
        file = self._open.get(pid)
        if file is None:
            if len(self._open) >= self.most:
                return _read_once(pid, self._name)
            try:
                file = self._open[pid] = _open_file(pid, self._name)
            except OSError:
                return b""
        try:
            return os.pread(file, _READ_BYTES, 0)
        except OSError:
            return b""

    def close(self, pid: int) -> None:
        """Close the file of a process."""
        file = self._open.pop(pid, None)
        if file is not None:
            os.close(file)


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

    def read_memory(self) -> dict[int, Usage]:
        return self.read()

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


def _share_of_descriptors() -> int:
    """Return how many of each of the two files may stay open: an eighth of what this process may have."""
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_OPEN if soft == resource.RLIM_INFINITY else min(soft // 8, _MOST_OPEN)


def _open_file(pid: int, name: str) -> int:
    return os.open(f"/proc/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)


def _read_once(pid: int, name: str) -> bytes:
    """Return a file's content; nothing when the process is gone."""
    try:
        file = _open_file(pid, name)
    except OSError:
        return b""
    try:
        return os.read(file, _READ_BYTES)
    except OSError:
        return b""
    finally:
        os.close(file)


def _fields(stat: bytes) -> list[bytes]:
    """Return the fields of /proc/PID/stat from the state on (field 3 of proc_pid_stat(5))."""
    return stat[stat.rindex(b")") + 2 :].split() if stat else []
