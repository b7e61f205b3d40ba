"""Notice that a child listens on its port, within milliseconds and without being deceived."""

import asyncio
import socket

from core.containers.drivers.process.child import Child
from core.containers.drivers.process.listening import listens
from core.containers.drivers.process.ports import HOST
from core.containers.drivers.process.usage import GroupReader

_QUICK_S, _QUICK_PROBES = 0.0015, 2_000
_SLOW_S = 0.006
_CONNECT_TIMEOUT_S = 0.05
_STRANGER_PAUSE_S = 0.025
_STRANGER_GRACE_S = 1.0
"""So long a port may be answered by a process that is not the child's before it is believed: long
enough for a child to fail because its port is taken, and then to be told from one that listens by way
of another program (such as a container engine's proxy)."""


async def wait_until_listening(child: Child, reader: GroupReader) -> None:
    """Return when the child's port answers. Raises StartFailed when the child ends first."""
    loop = asyncio.get_running_loop()
    probes = 0
    stranger_since_s: float | None = None
    while not child.ended.done():
        if await _answers(child.port):
            if child.ended.done() or _listens(child, reader):
                break
            stranger_since_s = stranger_since_s or loop.time()
            if loop.time() - stranger_since_s >= _STRANGER_GRACE_S:
                break
        probes += 1
        pause_s = _QUICK_S if probes < _QUICK_PROBES else _SLOW_S
        if stranger_since_s is not None:
            pause_s = _STRANGER_PAUSE_S
        await asyncio.wait({child.ended}, timeout=pause_s)
    if child.ended.done():
        raise child.failure()


async def _answers(port: int) -> bool:
    """Try one connection. A socket that reaches itself (possible on loopback) is no answer."""
    with socket.socket() as probe:
        probe.setblocking(False)
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                await asyncio.get_running_loop().sock_connect(probe, (HOST, port))
            return bool(probe.getsockname() != probe.getpeername())
        except OSError:
            return False


def _listens(child: Child, reader: GroupReader) -> bool:
    """Say whether a process of the child's group listens on its port."""
    if listens([child.pid], child.port):
        return True
    usage = reader.read().get(child.pid)
    return usage is not None and listens(usage.members, child.port)
