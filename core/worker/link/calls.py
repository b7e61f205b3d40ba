"""The calls of bindings that an isolate makes: each CALL a request of the engine, its answer a RESPONSE."""

import logging
from collections.abc import AsyncIterator

from core.http.messages import Headers, Request, Response, one_chunk
from core.worker.link.connection import LinkConnection
from core.worker.link.frames import Kind
from core.worker.link.handshake import asks_for_websocket, completed
from core.worker.link.payloads import (
    BodyPlace,
    CallHead,
    Fields,
    ResponseHead,
    decode_call,
    encode,
    split,
    to_fields,
)
from core.worker.link.work import Work, close_response
from core.worker.private_fields import without_private
from core.worker.runtime import BindingFetch, CallRefused, SubRequest, WorkerFailed

logger = logging.getLogger(__name__)

_BODILESS = frozenset({204, 304})


class Calls:
    """Serves the calls of one isolate."""

    def __init__(self, link: LinkConnection, binding_fetch: BindingFetch) -> None:
        self._link = link
        self._binding_fetch = binding_fetch

    def begin(self, number: int, payload: bytes, works: dict[int, Work]) -> None:
        """Start to serve a CALL frame; one of a request that is over, or of none, is refused."""
        text, inline = split(payload)
        head = decode_call(text)
        work = works.get(head.request)
        if work is None or work.given_back:
            if head.body is not None and head.body.stream:
                self._link.send(Kind.DROP, head.body.stream)
            self._refuse(number, "the request that this call belongs to has ended")
            return
        try:
            request = self._request(work, head, inline)
        except (WorkerFailed, UnicodeEncodeError) as error:
            self._refuse(number, str(error))
            return
        called = SubRequest(
            work.trace_id, head.number, head.binding, head.instance or "", head.port, head.operation or ""
        )
        work.calls[number] = self._link.spawn(self._serve(work, number, called, request))

    def _request(self, work: Work, head: CallHead, inline: bytes) -> Request:
        host, target = _place(head.url)
        if not head.binding:
            target = head.url.partition("#")[0]  # to the outside: the whole URL
        headers = without_private(_headers(head.headers, host))
        if asks_for_websocket(headers):
            headers = completed(headers)
        body: AsyncIterator[bytes] | None = None
        if head.body is not None:
            body = self._body(work, head.body, inline)
            if head.body.inline:
                headers = with_length(headers, len(inline))
        return Request(head.method, target, headers, body)

    def _body(self, work: Work, place: BodyPlace, inline: bytes) -> AsyncIterator[bytes]:
        if place.inline:
            return one_chunk(inline)
        if place.stream:
            return self._link.receive_body(place.stream)
        source, response = work.take_body(self._link, place.passed)
        if response is not None:
            work.used.append(response)
        return source

    async def _serve(self, work: Work, number: int, called: SubRequest, request: Request) -> None:
        try:
            await self._respond(work, number, request.method, await self._binding_fetch(called, request))
        except (CallRefused, WorkerFailed) as error:
            self._refuse(number, str(error))
        except Exception as error:
            # What failed here is the engine's: the Worker gets an exception, as from the platform.
            logger.exception("the call of binding %s failed", called.binding)
            self._refuse(number, f"{type(error).__name__}: {error}")
        finally:
            work.calls.pop(number, None)

    async def _respond(self, work: Work, number: int, method: str, response: Response) -> None:
        head = ResponseHead(status=response.status, headers=to_fields(without_private(response.headers)))
        link = self._link
        if link.lost:
            await close_response(response)
            return
        if response.tunnel is not None:
            head.socket = link.next_number()
            work.offered_sockets[head.socket] = response
        elif response.body is not None and method != "HEAD" and response.status not in _BODILESS:
            head.body = link.send_body(response.body, response.close)
            work.responses[head.body] = response
        link.send(Kind.RESPONSE, number, encode(head))
        if not head.socket and not head.body and response.close is not None:
            await response.close()

    def _refuse(self, number: int, text: str) -> None:
        self._link.send(Kind.RESPONSE, number, encode(ResponseHead(headers=[], error=text)))


def with_length(headers: Headers, length: int) -> Headers:
    """Return the fields with the length that a body known in whole has."""
    kept = [field for field in headers if field[0].lower() != b"content-length"]
    kept.append((b"content-length", b"%d" % length))
    return kept


def _place(url: str) -> tuple[str, str]:
    """Return host and target of an absolute url."""
    rest = url.partition("://")[2].partition("#")[0]
    for index, letter in enumerate(rest):
        if letter in "/?":
            target = rest[index:]
            return rest[:index], target if letter == "/" else "/" + target
    return rest, "/"


def _headers(fields: Fields, host: str) -> Headers:
    """Return the fields with the url's host; a Host field that says the same is left as it is."""
    made = [(b"host", host.rpartition("@")[2].encode("latin-1"))]
    for name, value in fields:
        if name.lower() != "host":
            made.append((name.encode("latin-1"), value.encode("latin-1")))
        elif _same_host(value, host):
            made[0] = (name.encode("latin-1"), value.encode("latin-1"))
    return made


def _same_host(value: str, host: str) -> bool:
    return value == host or value.lower().removesuffix(":80") == host
