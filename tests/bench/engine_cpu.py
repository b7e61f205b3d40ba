"""CPU time of a Docker Engine on this machine: dockerd, its containerd, and the shims of given containers."""

import socket
import struct
from collections.abc import Iterable
from pathlib import Path

import psutil

_PEER = struct.Struct("3i")
"""What SO_PEERCRED gives: process, user and group of whoever listens (unix(7))."""


def listener_pid(path: str) -> int:
    """Return the process that listens at a Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.connect(path)
        answer = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    pid: int = _PEER.unpack(answer)[0]
    return pid


class EngineProcesses:
    """The processes of the Engine at a socket that work for the containers with these first processes."""

    def __init__(self, socket_path: str, container_pids: Iterable[int]) -> None:
        shims = {psutil.Process(pid).ppid() for pid in container_pids}
        words = next(iter(psutil.Process(pid).cmdline() for pid in shims))
        containerd = words[words.index("-address") + 1]
        self._pids = {listener_pid(socket_path), listener_pid(containerd.removeprefix("unix://")), *shims}

    def cpu_s(self) -> float:
        """Return the CPU time that they have used so far."""
        return sum(process_cpu_s(pid) for pid in self._pids)


def process_cpu_s(pid: int) -> float:
    """Return the CPU time of a process, with that of children that it has waited for; 0 when it is gone."""
    try:
        return sum(psutil.Process(pid).cpu_times()[:4])
    except psutil.NoSuchProcess:
        return 0.0


def first_processes(containers: Iterable[str]) -> list[int]:
    """Return the first process of each container, found by its id in the names of control groups."""
    wanted = tuple(containers)
    found = []
    for pid in psutil.pids():
        try:
            groups = Path(f"/proc/{pid}/cgroup").read_text()
            parent = psutil.Process(pid).parent()
        except (OSError, psutil.NoSuchProcess):
            continue
        if any(one in groups for one in wanted) and parent is not None and "shim" in parent.name():
            found.append(pid)
    return found
