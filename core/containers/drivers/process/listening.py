"""Whether one of these processes listens on a port."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTEN = b"0A"
_LINE_BYTES = 150
"""The length of a line of /proc/net/tcp."""


def listens(pids: Iterable[int], port: int) -> bool:
    """Say whether one of them listens on the port; True also where that cannot be known."""
    if not _TABLES[0].exists():
        return any(_listens_portably(pid, port) for pid in pids)
    own = {inode for pid in pids for inode in _socket_inodes(pid)}
    return any(inode in own for inode in _listening_inodes(port))


def _listening_inodes(port: int) -> Iterator[bytes]:
    """Yield the inodes of the sockets that listen on the port.

    The kernel lists listening sockets first, then walks its whole table of connections, which takes
    milliseconds: so lines are read singly, and no further than the one that is looked for.
    """
    wanted = b":%04X" % port
    for table in _TABLES:
        try:
            with open(table, "rb", buffering=_LINE_BYTES) as file:
                next(file, None)
                for line in file:
                    fields = line.split(maxsplit=10)
                    if fields[3] != _LISTEN:
                        break
                    if fields[1].endswith(wanted):
                        yield fields[9]
        except FileNotFoundError:
            continue  # no IPv6 here


def _socket_inodes(pid: int) -> Iterator[bytes]:
    folder = f"/proc/{pid}/fd"
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        try:
            target = os.readlink(f"{folder}/{name}")
        except OSError:
            continue
        if target.startswith("socket:["):
            yield target[8:-1].encode()


def _listens_portably(pid: int, port: int) -> bool:
    try:
        connections = psutil.Process(pid).net_connections(kind="tcp")
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
    return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in connections)
