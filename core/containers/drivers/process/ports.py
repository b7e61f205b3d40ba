"""Free loopback ports, each given out once."""

import random
import socket
from pathlib import Path

HOST = "127.0.0.1"
FIRST_PORT = 20_000
_LAST_PORT = 32_000
_RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_TRIES = 500


class NoFreePort(Exception):
    """No free port was found."""


class Ports:
    """Give out ports that nothing listens on.

    They lie below the range from which the system takes ports for outgoing connections: there a port
    found free could be taken by any connection before the program listens on it, and a probe of it
    could even reach itself.
    """

    def __init__(self) -> None:
        self._given: set[int] = set()
        self._draws = random.SystemRandom()
        self._last = min(_LAST_PORT, _first_outgoing_port() - 1)

    def take(self) -> int:
        """Return a free port and keep it from being given again. Raises NoFreePort."""
        for _ in range(_TRIES):
            port = self._draws.randint(FIRST_PORT, max(FIRST_PORT + 1000, self._last))
            if port not in self._given and _is_free(port):
                self._given.add(port)
                return port
        raise NoFreePort(f"no free port on {HOST} between {FIRST_PORT} and {self._last}")

    def give_back(self, port: int) -> None:
        """Allow the port to be given again."""
        self._given.discard(port)


def _first_outgoing_port() -> int:
    try:
        return int(_RANGE_FILE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 49_152  # the range of RFC 6335, which other systems use


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
