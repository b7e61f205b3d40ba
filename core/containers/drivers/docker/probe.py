"""Notice that a program's port answers, within milliseconds and without being lied to.

A container's own address refuses honestly until the program listens, so a connection is proof. Behind a
published port stands a proxy that accepts at once, so there only a first byte of an answer counts.
"""

import asyncio
import socket

CONNECT_TIMEOUT_S = 0.05
"""Longer, a lost first packet would be sent again after a whole second only."""
REMOTE_CONNECT_TIMEOUT_S = 2.0
"""For an Engine on another machine, which may be far."""
FIRST_BYTE_TIMEOUT_S = 5.0
"""The platform cuts each of its own readiness pings after 5,000 ms."""
PACES = ((1.0, 0.001), (10.0, 0.002), (float("inf"), 0.005))
"""Until so many seconds have passed, wait so long between tries: never past the 10 ms to be noticed in."""
PING = b"GET / HTTP/1.1\r\nHost: ping\r\nUser-Agent: hybrid-tui readiness\r\nConnection: close\r\n\r\n"


async def wait_for_port(
    host: str, port: int, *, first_byte: bool, connect_timeout_s: float = CONNECT_TIMEOUT_S
) -> None:
    """Return when the port answers; goes on trying for ever.

    ``first_byte`` asks for a byte of an HTTP answer and not for a connection alone. Call it for a
    container's own address only after the Engine's start call has returned: a failed look-up of the
    address would make the answer up to a second late.
    """
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    while not await _answers(host, port, first_byte, connect_timeout_s):
        await asyncio.sleep(pace_s(loop.time() - began_s))


def pace_s(waited_s: float) -> float:
    """Return how long to wait before the next try, the longer the program has been starting."""
    return next(pace for until, pace in PACES if waited_s < until)


async def _answers(host: str, port: int, first_byte: bool, connect_timeout_s: float) -> bool:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        try:
            async with asyncio.timeout(connect_timeout_s):
                await loop.sock_connect(connection, (host, port))
            if not first_byte:
                return True
            async with asyncio.timeout(FIRST_BYTE_TIMEOUT_S):
                await loop.sock_sendall(connection, PING)
                return bool(await loop.sock_recv(connection, 1))
        except (TimeoutError, OSError):
            return False
