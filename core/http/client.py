"""The pooled HTTP/1.1 client: the hot path from the edge to containers and to the Worker's isolate."""

import asyncio
from collections import deque

from core.http.connection import Connection
from core.http.errors import ConnectFailed, ConnectionLost
from core.http.exchange import Exchange
from core.http.messages import Request, Response
from core.http.request_head import Address

__all__ = ["Address", "PooledClient"]

REPEAT_AFTER_IDLE_S = 1.0
REPEAT_WITHIN_S = 0.05
"""A request is repeated only where a server may just have closed an idle connection as it was sent: the
connection had been idle for a while, and the loss came at once. A server that dies later has had it."""
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
"""Idempotent methods (RFC 9110, section 9.2.2): safe to send again when nothing was answered."""


class PooledClient:
    """Sends requests over kept-alive connections, streaming bodies both ways.

    At most ``idle_limit`` unused connections to one address are kept, each for ``idle_s`` seconds.
    """

    def __init__(
        self, *, connect_timeout_s: float = 10.0, idle_limit: int = 256, idle_s: float = 30.0
    ) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._idle_limit = idle_limit
        self._idle_s = idle_s
        self._idle: dict[Address, deque[Connection]] = {}
        self._all: set[Connection] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    async def fetch(self, address: Address, request: Request) -> Response:
        """Send a request and return when the response's headers are there.

        ``address`` is (host, port) or the path of a Unix socket. Read ``body`` to its end or call
        ``close``: both free the connection. Raises ConnectFailed when no connection can be made,
        ConnectionLost when it breaks before the headers, RequestBodyFailed when the request's body
        breaks, ValueError for a request that cannot be written; the body's iterator raises BodyLost.
        Cancelling it closes the connection.
        """
        connection = self._take(address)
        if connection is not None:
            sent_s = connection.loop.time()
            exchange = connection.begin(request)
            try:
                return await self._wait(connection, exchange)
            except ConnectionLost:
                if not _may_repeat(connection, exchange, request, sent_s):
                    raise
        connection = await self._connect(address)
        return await self._wait(connection, connection.begin(request))

    async def _wait(self, connection: Connection, exchange: Exchange) -> Response:
        try:
            return await exchange.head
        except asyncio.CancelledError:
            connection.abandon(exchange)
            if exchange.head.done() and not exchange.head.cancelled() and exchange.head.exception() is None:
                close = exchange.head.result().close
                if close is not None:
                    await close()
            raise

    def idle_connections(self, address: Address) -> int:
        """Return how many connections to an address are kept for later."""
        return len(self._idle.get(address, ()))

    async def close(self) -> None:
        """Close every connection, also those in use."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        self._idle.clear()
        for connection in list(self._all):
            connection.transport.abort()
        # Transports tell their protocols in the loop's next turn.
        await asyncio.sleep(0)

    def _take(self, address: Address) -> Connection | None:
        idle = self._idle.get(address)
        while idle:
            connection = idle.pop()
            if not connection.transport.is_closing():
                return connection
        return None

    async def _connect(self, address: Address) -> Connection:
        if self._closed:
            raise ConnectFailed("the client is closed")
        loop = asyncio.get_running_loop()

        def make() -> Connection:
            return Connection(address, loop, self._keep, self._forget)

        try:
            async with asyncio.timeout(self._connect_timeout_s):
                if isinstance(address, str):
                    _, connection = await loop.create_unix_connection(make, address)
                else:
                    _, connection = await loop.create_connection(make, address[0], address[1])
        except TimeoutError as error:
            raise ConnectFailed(
                f"no connection to {_name(address)} within {self._connect_timeout_s:g} s"
            ) from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConnectFailed(f"no connection to {_name(address)}: {reason}") from error
        self._all.add(connection)
        return connection

    def _keep(self, connection: Connection) -> None:
        idle = self._idle.setdefault(connection.address, deque())
        if self._closed or len(idle) >= self._idle_limit:
            connection.transport.close()
            return
        connection.idle_since_s = connection.loop.time()
        idle.append(connection)
        if self._sweep is None:
            self._sweep = connection.loop.call_later(self._idle_s, self._close_stale)

    def _forget(self, connection: Connection) -> None:
        self._all.discard(connection)
        idle = self._idle.get(connection.address)
        if idle is not None and connection in idle:
            idle.remove(connection)

    def _close_stale(self) -> None:
        self._sweep = None
        loop = asyncio.get_running_loop()
        limit_s = loop.time() - self._idle_s
        for address, idle in list(self._idle.items()):
            while idle and idle[0].idle_since_s <= limit_s:
                idle.popleft().transport.close()
            if not idle:
                del self._idle[address]
        oldest_s = min((idle[0].idle_since_s for idle in self._idle.values()), default=None)
        if oldest_s is not None:
            self._sweep = loop.call_at(oldest_s + self._idle_s, self._close_stale)


def _may_repeat(connection: Connection, exchange: Exchange, request: Request, sent_s: float) -> bool:
    was_idle = sent_s - connection.idle_since_s >= REPEAT_AFTER_IDLE_S
    at_once = connection.loop.time() - sent_s <= REPEAT_WITHIN_S
    unused = connection.untouched and not exchange.body_touched
    return was_idle and at_once and unused and request.method in _REPEATABLE


def _name(address: Address) -> str:
    return address if isinstance(address, str) else f"{address[0]}:{address[1]}"
