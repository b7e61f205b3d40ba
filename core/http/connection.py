"""One HTTP/1.1 client connection: writes requests, parses responses, one at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import httptools

from core.http.errors import BodyLost, ConnectionLost, RequestBodyFailed
from core.http.exchange import Exchange
from core.http.fields import asked_upgrade, end_to_end
from core.http.messages import Headers, Request, Response
from core.http.request_head import CHUNKED, Address, encode_head
from core.http.tunnel import ByteTunnel, WriteGate

HEAD_LIMIT_BYTES = 256 * 1024
"""A response's head may be twice as large as the platform's 128 KB."""
_SWITCHING = 101


class Connection(WriteGate):
    """A connection to one address. ``on_free`` and ``on_gone`` tell the pool what became of it."""

    def __init__(
        self,
        address: Address,
        loop: asyncio.AbstractEventLoop,
        on_free: Callable[["Connection"], None],
        on_gone: Callable[["Connection"], None],
    ) -> None:
        super().__init__()
        self.address = address
        self.loop = loop
        self.idle_since_s = 0.0
        self.served = 0
        """Requests answered on it; a connection that has answered before may be stale."""
        self._on_free = on_free
        self._on_gone = on_gone
        self._parser: Any = httptools.HttpResponseParser(self)
        self._exchange: Exchange | None = None
        self._upload: asyncio.Task[None] | None = None
        self._sending = False
        """Some of the request's body is still to be written."""
        self._headers: Headers = []
        self._status = 0
        self._framed = False
        self._keep_alive = False
        self._in_head = True
        self._complete = False
        self._received_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    # Sending

    def begin(self, request: Request) -> Exchange:
        """Send a request; its exchange's ``head`` brings the response. Raises ValueError for a bad one."""
        head, length = encode_head(request, self.address)
        wants_upgrade = asked_upgrade(request.headers) is not None
        exchange = self._exchange = Exchange(self, request.method, wants_upgrade)
        self._received_bytes = 0
        self._in_head = True
        if self.lost:
            self._fail(_lost(exchange, None))
            return exchange
        self.transport.write(head)
        if request.body is not None:
            self._sending = True
            self._upload = self.loop.create_task(self._send_body(exchange, request.body, length))
        return exchange

    async def _send_body(self, exchange: Exchange, body: AsyncIterator[bytes], length: int) -> None:
        exchange.body_touched = True
        try:
            if length == CHUNKED:
                await self._send_chunks(body)
            else:
                await self._send_measured(body, length)
        except Exception as error:
            if self.lost or self.transport.is_closing():
                # The reading side knows better what happened and tells it.
                return
            self._fail(RequestBodyFailed(f"the request's body broke off: {error}"), error)
        finally:
            close = getattr(body, "aclose", None)
            if close is not None:
                await close()

    async def _send_chunks(self, body: AsyncIterator[bytes]) -> None:
        async for data in body:
            if data:
                # Not writelines: in some releases of Python 3.12 and 3.13 it never pauses the writer.
                self.transport.write(b"%x\r\n%b\r\n" % (len(data), data))
                if self._full or self.lost:
                    await self.drain()
        self.transport.write(b"0\r\n\r\n")
        self._sending = False

    async def _send_measured(self, body: AsyncIterator[bytes], length: int) -> None:
        left = length
        async for data in body:
            left -= len(data)
            if left < 0:
                raise ValueError(f"it is longer than its content-length of {length} bytes")
            self.transport.write(data)
            self._sending = left > 0
            if self._full or self.lost:
                await self.drain()
        if left:
            raise ValueError(f"it is {left} bytes shorter than its content-length of {length}")

    # Receiving

    def data_received(self, data: bytes) -> None:
        if self._exchange is None:
            self.transport.abort()
            return
        self._received_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._switch(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            if self._complete:
                # The answer is whole; what follows it is not ours to read.
                self._keep_alive = False
                self._release()
                return
            self._fail_protocol(f"the answer is not HTTP: {error}")
            return
        if self._in_head and self._received_bytes > HEAD_LIMIT_BYTES:
            self._fail_protocol(f"the answer's header fields are larger than {HEAD_LIMIT_BYTES} bytes")
        elif self._complete:
            self._release()

    def on_message_begin(self) -> None:
        if self._complete:
            raise ValueError("more than one answer to one request")
        self._headers = []
        self._framed = False
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers come after the head: they are read and left out.
        if self._in_head:
            # The parser leaves blanks after a value; they are not part of it (RFC 9110, section 5.5).
            self._headers.append((name, value.rstrip(b" \t")))
            key = name.lower()
            self._framed = self._framed or key in (b"content-length", b"transfer-encoding")

    def on_headers_complete(self) -> None:
        self._status = status = self._parser.get_status_code()
        exchange = self._exchange
        if status < 200 or exchange is None:
            return
        self._in_head = False
        self._keep_alive = self._parser.should_keep_alive()
        response = Response(status, end_to_end(self._headers))
        if not (exchange.is_head or status in (204, 304)):
            response.body = exchange
            response.close = exchange.aclose
        elif exchange.is_head:
            # The parser would wait for a body that does not come: the next answer gets a new one.
            self._complete = True
            self._keep_alive = self._keep_alive or self._framed_keep_alive()
        if not exchange.head.done():
            exchange.head.set_result(response)

    def _framed_keep_alive(self) -> bool:
        return self._parser.get_http_version() == "1.1" and not any(
            name.lower() == b"connection" and b"close" in value.lower() for name, value in self._headers
        )

    def on_body(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None or exchange.is_head:
            self._keep_alive = False
        else:
            exchange.feed(data)

    def on_message_complete(self) -> None:
        if self._status >= 200:
            self._complete = True

    # Ending

    def _release(self) -> None:
        exchange, self._exchange = self._exchange, None
        assert exchange is not None
        self._complete = False
        if exchange.is_head:
            self._parser = httptools.HttpResponseParser(self)
        self.served += 1
        sending, self._sending = self._sending, False
        if self._upload is not None:
            self._upload.cancel()
            self._upload = None
        exchange.end()
        if sending or not self._keep_alive or self.transport.is_closing():
            self.transport.close()
        else:
            self._on_free(self)

    def _switch(self, rest: bytes) -> None:
        exchange = self._exchange
        if exchange is None or not exchange.wants_upgrade or self._status != _SWITCHING:
            self._fail_protocol("the answer switches protocols although nobody asked")
            return
        self._exchange = None
        self._on_gone(self)
        tunnel = ByteTunnel(self.transport, rest)
        if exchange.head.done():
            tunnel.abort()
        else:
            exchange.head.set_result(Response(_SWITCHING, self._headers, tunnel=tunnel, close=tunnel.close))
        exchange.end()

    def abandon(self, exchange: Exchange) -> None:
        """Close the connection if it is still busy with this exchange."""
        if self._exchange is exchange:
            self._fail(ConnectionLost("the request was given up"))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._on_gone(self)
        exchange = self._exchange
        if exchange is None:
            return
        if exchange.head.done() and not self._framed and exc is None:
            self._complete = True
            self._keep_alive = False
            self._release()
        else:
            self._fail(_lost(exchange, exc), exc)

    def _fail_protocol(self, message: str) -> None:
        exchange = self._exchange
        started = exchange is not None and exchange.head.done()
        self._fail(BodyLost(message) if started else ConnectionLost(message))

    def _fail(self, error: Exception, cause: Exception | None = None) -> None:
        error.__cause__ = cause
        exchange, self._exchange = self._exchange, None
        if self._upload is not None and self._upload is not asyncio.current_task(self.loop):
            self._upload.cancel()
        self.transport.abort()
        if exchange is not None:
            exchange.end(error)

    @property
    def untouched(self) -> bool:
        """Say whether no byte of a response came since the last request."""
        return self._received_bytes == 0


def _lost(exchange: Exchange, exc: Exception | None) -> Exception:
    detail = f": {exc}" if exc is not None else ""
    if exchange.head.done():
        return BodyLost(f"the connection was lost in the middle of the answer{detail}")
    return ConnectionLost(f"the connection was closed before an answer came{detail}")
