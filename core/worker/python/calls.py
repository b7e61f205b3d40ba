"""The calls that a Worker makes of its bindings and to the outside, carried over the link."""

import asyncio
from pathlib import Path
from typing import Any

from core.http.messages import Request, Response
from core.worker.link import payloads
from core.worker.link.connection import LinkConnection
from core.worker.link.frames import Kind
from core.worker.link.payloads import CallHead
from core.worker.link.streams import ReceivedBody
from core.worker.python.bodies import Socket, place_body, with_body
from core.worker.python.sdk.workers.outbound import current_visit
from core.worker.runtime import SubRequest


class BindingFailed(Exception):
    """The engine could not carry out the call, or refused it."""


class Calls:
    """The calls under way; ``folder`` is the Worker's, to name its files in errors."""

    def __init__(self, link: LinkConnection, folder: Path) -> None:
        self._link = link
        self._folder = folder
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._last = 0

    async def call(self, sub_request: SubRequest, request: Request) -> Response:
        """Send a call and wait for its response. Raises BindingFailed."""
        visit = current_visit(f"env.{sub_request.binding}" if sub_request.binding else "fetch()")
        place, inline = place_body(self._link, request.body, visit, self._folder)
        host = (request.header(b"host") or b"").decode("latin-1")
        head = CallHead(
            visit.number,
            sub_request.number,
            sub_request.binding,
            request.method,
            request.target if not sub_request.binding else f"http://{host}{request.target}",
            payloads.to_fields(request.headers),
            sub_request.instance or None,
            sub_request.port,
            sub_request.operation or None,
            place,
        )
        self._last = number = self._last % 0xFFFF_FFFF + 1
        self._waiting[number] = came = asyncio.get_running_loop().create_future()
        self._link.send(Kind.CALL, number, with_body(payloads.encode(head), inline))
        try:
            return self._response(await came)
        finally:
            self._waiting.pop(number, None)

    def take(self, number: int, payload: bytes) -> None:
        """Take the response to a call; what nobody waits for any more is let go of."""
        came = self._waiting.pop(number, None)
        if came is not None and not came.done():
            came.set_result(payload)
            return
        head = payloads.decode_response(payload)
        if head.body:
            self._link.send(Kind.DROP, head.body)
        if head.socket:
            self._link.send(Kind.CLOSE, head.socket, payloads.encode(payloads.Closing(1001)))

    def _response(self, payload: bytes) -> Response:
        head = payloads.decode_response(payload)
        if head.error is not None:
            raise BindingFailed(head.error)
        body: ReceivedBody | None = self._link.receive_body(head.body) if head.body else None
        socket: Any = Socket(head.socket) if head.socket else None
        close = body.aclose if body is not None else None
        return Response(head.status, payloads.to_headers(head.headers), body, socket, close)
