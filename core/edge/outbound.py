"""The Worker's own ``fetch(url)``: whom it may reach, and the way there."""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from urllib.parse import SplitResult

from core.edge.outbound_messages import LOST, PORTS, incoming, outgoing, split_url
from core.http.fields import asked_upgrade
from core.http.messages import Request, Response
from core.worker.runtime import CallRefused

if TYPE_CHECKING:
    import httpcore

OutboundPolicy = Literal["internet", "none", "simulated"] | Sequence[str]
"""As declared in hybrid.toml; simulated: there is no outside on virtual time."""

INTERNET = "internet"
MOST_CONNECTIONS = 256
IDLE_CONNECTIONS = 32
IDLE_S = 30.0

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Outbound:
    """The way out of one deployment."""

    def __init__(self, policy: OutboundPolicy) -> None:
        self._policy = policy
        self._listed = frozenset(() if isinstance(policy, str) else map(str.lower, policy))
        self._internet = policy == INTERNET or INTERNET in self._listed
        self._pool: asyncio.Task[httpcore.AsyncConnectionPool] | None = None

    async def fetch(self, request: Request) -> Response:
        """Send a request whose target is a whole URL, and return the answer as its body begins.

        Raises CallRefused where the outside may not be reached, or cannot.
        """
        import httpcore

        url = split_url(request)
        self._check_name(url)
        if asked_upgrade(request.headers) is not None:
            raise CallRefused(f"fetch to {url.netloc}: a WebSocket to the outside cannot be opened from here")
        try:
            answer = await (await self._ready_pool()).handle_async_request(outgoing(request, url))
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            raise CallRefused(f"{LOST} ({url.netloc}: {str(error) or type(error).__name__})") from None
        return incoming(answer, url.netloc)

    async def close(self) -> None:
        """Close all connections."""
        if self._pool is not None:
            await (await self._pool).aclose()

    def lists(self, host: str, port: int) -> bool:
        """Say whether a host is allowed by name, whatever its address."""
        name = f"[{host}]" if ":" in host else host
        return not self._listed.isdisjoint({name.lower(), f"{name.lower()}:{port}"})

    async def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host that may be called. Raises CallRefused, or OSError."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        if self.lists(host, port):
            return addresses
        public = [one for one in addresses if is_public(one)]
        if not public:
            raise CallRefused(
                f"fetch to {host}:{port} is refused: {addresses[0]} is an address of this machine or of a "
                f'private network; to allow it, list "{host}:{port}" in worker.outbound of hybrid.toml'
            )
        return public

    def _check_name(self, url: SplitResult) -> None:
        host, port = url.hostname or "", url.port or PORTS[url.scheme]
        if self._policy == "simulated":
            raise CallRefused(f"fetch to {url.netloc} is refused: a simulated deployment has no outside")
        if self._internet or self.lists(host, port):
            return
        raise CallRefused(
            f"fetch to {url.netloc} is refused: worker.outbound in hybrid.toml "
            + ("is none" if self._policy == "none" else f'does not list "{host}"')
        )

    async def _ready_pool(self) -> "httpcore.AsyncConnectionPool":
        if self._pool is None:
            self._pool = asyncio.create_task(self._make_pool())
        return await asyncio.shield(self._pool)

    async def _make_pool(self) -> "httpcore.AsyncConnectionPool":
        import httpcore

        from core.edge.outbound_network import CheckedNetwork

        certificates = await asyncio.to_thread(httpcore.default_ssl_context)  # reads for 20 ms
        return httpcore.AsyncConnectionPool(
            ssl_context=certificates,
            max_connections=MOST_CONNECTIONS,
            max_keepalive_connections=IDLE_CONNECTIONS,
            keepalive_expiry=IDLE_S,
            network_backend=CheckedNetwork(self.addresses),
        )


def is_public(address: str) -> bool:
    """Say whether an address is one of the Internet: not private, not of this machine, not of its link."""
    one: _Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(one, ipaddress.IPv6Address):
        inner = one.ipv4_mapped or one.sixtofour or _translated(one)
        if inner is not None:
            return is_public(str(inner))
    return one.is_global and not one.is_multicast


def _translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address within one of NAT64 (RFC 6052)."""
    if address in ipaddress.IPv6Network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
