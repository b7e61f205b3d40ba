"""One visitor's connection: uvicorn's HTTP/1.1 protocol, made to call a handler and to pass upgrades raw."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from core.http.errors import ClientGone
from core.http.fields import asked_upgrade, end_to_end
from core.http.messages import Request, Response, find_header, text_response
from core.http.upgrade import Upgrades

Handler = Callable[[Request], Awaitable[Response]]
"""Answers a request. It is cancelled when the visitor goes away."""

URL_LIMIT_BYTES = 16 * 1024
HEAD_LIMIT_BYTES = 128 * 1024
"""The platform's limits: 414 for a longer URL, 431 for larger header fields."""

logger = logging.getLogger(__name__)


class ServerProtocol(HttpToolsProtocol):
    """Serves one connection. Names of header fields are given and sent in lower case."""

    def __init__(self, handler: Handler, upgrades: Upgrades, config: Config, state: ServerState) -> None:
        super().__init__(config=config, server_state=state, app_state={})
        self._handler = handler
        self._upgrades = upgrades
        self._running: tuple[RequestResponseCycle, asyncio.Task[None]] | None = None
        self._in_head = False
        self._url_bytes = self._fields_bytes = self._unparsed_bytes = 0
        self._refused = 0
        self._upgrading: tuple[Request, bytearray] | None = None
        """An upgrade that waits for the end of the answer before it, and what came after its head."""

    # Receiving

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._refused:
            return
        if self._upgrading is not None:
            self._upgrading[1].extend(data)
            return
        self._unparsed_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(self._limit_broken() or 400)
        else:
            if self._in_head and self._unparsed_bytes > URL_LIMIT_BYTES + HEAD_LIMIT_BYTES:
                self._refuse(414 if not self.headers and self._url_bytes > URL_LIMIT_BYTES else 431)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._url_bytes = self._fields_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._url_bytes += len(url)
        if self._url_bytes > URL_LIMIT_BYTES:
            raise ValueError("the URL is too long")
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            # A trailer: it must not turn up among the fields of a request that is being answered.
            return
        self._fields_bytes += len(name) + len(value) + 4
        if self._fields_bytes > HEAD_LIMIT_BYTES:
            raise ValueError("the header fields are too large")
        # The parser leaves blanks after a value; they are not part of it (RFC 9110, section 5.5).
        super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._unparsed_bytes = 0
        if not self.parser.should_upgrade():
            self.scope["state"]["target"] = self.url.partition(b"#")[0]
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unparsed_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unparsed_bytes = 0
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _should_upgrade(self) -> bool:
        return False

    def _limit_broken(self) -> int:
        if self._url_bytes > URL_LIMIT_BYTES:
            return 414
        return 431 if self._fields_bytes > HEAD_LIMIT_BYTES else 0

    def _refuse(self, status: int) -> None:
        """Answer what cannot be read, after whatever is being answered, and close."""
        self._refused = status
        if self._running is not None and not self._running[0].response_complete:
            self._running[0].keep_alive = False
            self.flow.pause_reading()
            return
        text = STATUS_LINE[status][13:-2]
        self.transport.write(
            STATUS_LINE[status]
            + b"content-type: text/plain;charset=UTF-8\r\ncontent-length: %d\r\n" % len(text)
            + b"connection: close\r\n\r\n"
            + text
        )
        self.transport.close()

    # Upgrades

    def _upgrade(self, rest: bytes) -> None:
        """Take the connection out of HTTP, or, where that cannot be, read the request as an ordinary one."""
        protocol = asked_upgrade(self.headers)
        has_body = find_header(self.headers, b"content-length") not in (None, b"0")
        if self.parser.get_method() == b"CONNECT" or self.pipeline:
            self._refuse(400)
        elif protocol in (None, b"h2c") or has_body or find_header(self.headers, b"transfer-encoding"):
            self._read_again_without_upgrade(rest)
        else:
            request = Request(self.parser.get_method().decode(), self.url.decode("latin-1"), self.headers)
            self._upgrading = request, bytearray(rest)
            if self._running is None or self._running[1].done():
                self._leave_http()
            else:
                self._running[1].add_done_callback(lambda _: self._leave_http())

    def _leave_http(self) -> None:
        """Hand the connection to its tunnel, now that nothing is being answered on it."""
        if self._upgrading is None or self.transport.is_closing():
            return
        request, rest = self._upgrading
        self._unset_keepalive_if_required()
        self.connections.discard(self)
        self._upgrades.begin(self.transport, request, bytes(rest))

    def _read_again_without_upgrade(self, rest: bytes) -> None:
        version = self.parser.get_http_version().encode()
        head = [self.parser.get_method(), b" ", self.url, b" HTTP/", version, b"\r\n"]
        for name, value in self.headers:
            if name not in (b"upgrade", b"connection", b"http2-settings"):
                head += [name, b": ", value, b"\r\n"]
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"".join([*head, b"\r\n", rest]))

    # Answering

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        task = self.loop.create_task(self._answer(cycle))
        self._running = (cycle, task)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answer(self, cycle: RequestResponseCycle) -> None:
        try:
            response = await self._call_handler(cycle)
            try:
                await _send(cycle, response)
            finally:
                await _close(response)
        except Exception as error:
            logger.debug("an answer broke off", exc_info=error)
        finally:
            if not cycle.response_complete:
                self.transport.close()
            cycle.on_response = _nothing

    async def _call_handler(self, cycle: RequestResponseCycle) -> Response:
        scope = cycle.scope
        target: bytes = scope["state"]["target"]
        if not target.startswith(b"/"):
            query = scope["query_string"]
            target = scope["raw_path"] + (b"?" + query if query else b"")
        headers: list[tuple[bytes, bytes]] = scope["headers"]  # type: ignore[assignment]
        request = Request(scope["method"], target.decode("latin-1"), headers, _body(cycle, headers))
        try:
            response = await self._handler(request)
            if response.status in STATUS_LINE and response.status >= 200:
                return response
            await _close(response)
            raise ValueError(f"{response.status} is not a status that can answer this request")
        except Exception:
            logger.exception("the handler failed for %s %s", request.method, request.path)
            return text_response(500, "Internal Server Error")

    def connection_lost(self, exc: Exception | None) -> None:
        if self._running is not None:
            cycle, task = self._running
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
                task.cancel()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)


def _nothing() -> None:
    pass


def _body(cycle: RequestResponseCycle, headers: list[tuple[bytes, bytes]]) -> AsyncIterator[bytes] | None:
    length = find_header(headers, b"content-length")
    if length == b"0" or (length is None and find_header(headers, b"transfer-encoding") is None):
        return None
    return RequestBody(cycle)


class RequestBody(AsyncIterator[bytes]):
    """The body of a visitor's request as it comes; the visitor waits while it is not read."""

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle
        self._ended = False

    async def __anext__(self) -> bytes:
        while not self._ended:
            message = await self._cycle.receive()
            if message["type"] != "http.request":
                self._ended = True
                raise ClientGone("the visitor closed the connection before the end of the request")
            self._ended = not message["more_body"]
            if message["body"]:
                return message["body"]
        raise StopAsyncIteration


async def _send(cycle: RequestResponseCycle, response: Response) -> None:
    headers = end_to_end(response.headers)
    bodiless = cycle.scope["method"] == "HEAD" or response.status in (204, 304)
    has_length = find_header(headers, b"content-length") is not None
    until_close = cycle.scope["http_version"] == "1.0" and not has_length and not bodiless
    if response.body is None and not bodiless and not has_length:
        headers = [*headers, (b"content-length", b"0")]
    elif until_close:
        # No chunks for HTTP/1.0: the body ends where the connection does.
        cycle.chunked_encoding = False
        cycle.expected_content_length = sys.maxsize
    if cycle.waiting_for_100_continue:
        _settle_expectation(cycle, response)
    await cycle.send({"type": "http.response.start", "status": response.status, "headers": headers})
    if response.body is not None and not bodiless:
        async for data in response.body:
            if data:
                await cycle.send({"type": "http.response.body", "body": data, "more_body": True})
    if bodiless or until_close:
        cycle.expected_content_length = 0
    await cycle.send({"type": "http.response.body", "body": b"", "more_body": False})


def _settle_expectation(cycle: RequestResponseCycle, response: Response) -> None:
    """Ask for a body that was not read yet, or, when the answer is an error, do without it."""
    if response.status < 400:
        cycle.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        cycle.waiting_for_100_continue = False
    else:
        # The visitor may or may not send the body that was never asked for: this connection is spent.
        cycle.keep_alive = False


async def _close(response: Response) -> None:
    close_body = getattr(response.body, "aclose", None)
    if close_body is not None:
        await close_body()
    if response.close is not None:
        await response.close()
