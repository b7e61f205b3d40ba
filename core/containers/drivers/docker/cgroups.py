"""Memory and CPU of a container read from the kernel's own files, for an Engine on this machine.

The figures are those of ``docker stats``: used memory without inactive file cache (source: docker/cli,
calculateMemUsageUnixNoCache). Files stay open: a reading costs no look-up of names.
"""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PROC = Path("/proc")
READ_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: memory as docker stats shows it, anonymous memory alone, and CPU time so far."""

    memory_bytes: int
    app_bytes: int
    cpu_total_s: float


class CgroupReader:
    """Read one container's control group; ``close`` it when the container has ended."""

    def __init__(self, usage: Path, stat: Path, cpu: Path, *, version: int) -> None:
        self._version = version
        self._files: list[int] = []
        try:
            for path in (usage, stat, cpu):
                self._files.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            self.close()
            raise

    def read(self) -> Reading | None:
        """Read the files; None when the container has ended."""
        if not self._files:
            return None
        try:
            usage, stat, cpu = (os.pread(file, READ_BYTES, 0) for file in self._files)
        except OSError:
            return None
        if self._version == 1:
            return reading_v1(usage, stat, cpu)
        return reading_v2(usage, stat, cpu)

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            os.close(file)
        self._files = []


def reading_v1(usage: bytes, stat: bytes, cpu: bytes) -> Reading:
    """Make a reading of memory.usage_in_bytes, memory.stat and cpuacct.usage (nanoseconds)."""
    used, inactive = int(usage), _field(stat, b"total_inactive_file")
    return Reading(
        used - inactive if inactive < used else used, _field(stat, b"total_rss"), int(cpu) / 1_000_000_000
    )


def reading_v2(usage: bytes, stat: bytes, cpu: bytes) -> Reading:
    """Make a reading of memory.current, memory.stat and cpu.stat (microseconds)."""
    used, inactive = int(usage), _field(stat, b"inactive_file")
    return Reading(
        used - inactive if inactive < used else used,
        _field(stat, b"anon"),
        _field(cpu, b"usage_usec") / 1_000_000,
    )


def _field(text: bytes, name: bytes) -> int:
    """Return the value of a line ``name value``; 0 where there is none."""
    at = 0 if text.startswith(name + b" ") else text.find(b"\n" + name + b" ") + 1
    if at == 0 and not text.startswith(name + b" "):
        return 0
    value = text[at + len(name) + 1 :].split(b"\n", 1)[0]
    return int(value)


def open_reader(pid: int, container: str, root: Path = ROOT, proc: Path = PROC) -> CgroupReader | None:
    """Open the control group of a container's first process; None when it is not to be had here.

    It is not when the Engine runs its processes elsewhere: the path must name the ``container`` (its id),
    lest another process of the same number be taken for it.
    """
    try:
        text = (proc / str(pid) / "cgroup").read_text()
    except OSError:
        return None
    paths = {name: path for line in text.splitlines() for name, path in _controllers(line)}
    try:
        if container in paths.get("memory", ""):
            memory, cpu = root / "memory" / paths["memory"][1:], root / "cpuacct" / paths["cpuacct"][1:]
            return CgroupReader(
                memory / "memory.usage_in_bytes", memory / "memory.stat", cpu / "cpuacct.usage", version=1
            )
        if container in paths.get("", ""):
            group = root / paths[""][1:]
            return CgroupReader(
                group / "memory.current", group / "memory.stat", group / "cpu.stat", version=2
            )
    except (OSError, KeyError):
        return None
    return None


def _controllers(line: str) -> list[tuple[str, str]]:
    """Split a line ``number:controllers:path`` into (controller, path) pairs; '' is cgroup v2's."""
    _, controllers, path = line.split(":", 2)
    return [(name, path) for name in controllers.split(",")]
