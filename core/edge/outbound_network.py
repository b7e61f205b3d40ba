"""Connections to the outside, made only to addresses that were checked: a name may change its mind."""

from collections.abc import Awaitable, Callable, Iterable

import httpcore
from httpcore import SOCKET_OPTION, AsyncNetworkBackend, AsyncNetworkStream

FindAddresses = Callable[[str, int], Awaitable[list[str]]]
"""Returns the addresses of a host that may be called."""


class CheckedNetwork(AsyncNetworkBackend):
    """Looks each host up once, and connects to the very addresses that were allowed."""

    def __init__(self, addresses: FindAddresses) -> None:
        self._addresses = addresses
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first address that answers. Raises CallRefused, or httpcore.ConnectError."""
        try:
            addresses = await self._addresses(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"the name cannot be looked up: {error.strerror or error}") from None
        for number, address in enumerate(addresses, start=1):
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise httpcore.ConnectError("the name has no address")

    async def sleep(self, seconds: float) -> None:
        """Wait between attempts."""
        await self._network.sleep(seconds)
