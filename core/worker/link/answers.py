"""An ANSWER frame as the response that the visitor gets, with bodies and sockets passed by reference."""

from core.http.messages import Headers, Request, Response, one_chunk
from core.worker.link.calls import with_length
from core.worker.link.connection import LinkConnection
from core.worker.link.frames import Kind
from core.worker.link.handshake import accepted, passed_on
from core.worker.link.payloads import (
    AnswerHead,
    Closing,
    SocketPlace,
    decode_answer,
    encode,
    split,
    to_headers,
)
from core.worker.link.sockets import Sockets
from core.worker.link.work import Work
from core.worker.private_fields import without_private
from core.worker.runtime import WorkerFailed

_BODILESS = frozenset({204, 304})


class Answers:
    """Makes responses of one isolate's answers."""

    def __init__(self, link: LinkConnection, sockets: Sockets) -> None:
        self._link = link
        self._sockets = sockets

    def response(self, work: Work, payload: bytes) -> Response:
        """Return the response. Raises WorkerFailed for one that cannot be given."""
        text, inline = split(payload)
        head = decode_answer(text)
        try:
            headers = without_private(to_headers(head.headers))
        except UnicodeEncodeError as error:
            self._let_go(head)
            raise WorkerFailed(
                f"TypeError: a header of the Response cannot be sent: {error.reason}"
            ) from error
        assert work.request is not None
        if head.socket is not None:
            return self._switched(work, work.request, head.socket, headers)
        if head.body is None:
            return Response(head.status, headers)
        if head.body.inline:
            if work.request.method != "HEAD" and head.status not in _BODILESS:
                headers = with_length(headers, len(inline))
            return Response(head.status, headers, one_chunk(inline))
        if head.body.stream:
            work.reply = self._link.receive_body(head.body.stream)
            return Response(head.status, headers, work.reply, None, work.reply.aclose)
        source, held = work.take_body(self._link, head.body.passed)
        return Response(head.status, headers, source, None, held.close if held is not None else None)

    def refuse(self, payload: bytes) -> None:
        """Tell the isolate that nobody waits for this answer any more."""
        self._let_go(decode_answer(split(payload)[0]))

    def _switched(self, work: Work, request: Request, place: SocketPlace, headers: Headers) -> Response:
        if place.passed:
            held = work.take_socket(place.passed)
            return Response(101, passed_on(request.headers, headers), None, held.tunnel, held.close)
        try:
            fields = accepted(request.headers, headers)
        except ValueError as error:
            self._close_socket(place.own)
            raise WorkerFailed(f"TypeError: {error}") from error
        tunnel = self._sockets.towards_visitor(place.own)
        return Response(101, fields, None, tunnel, tunnel.close)

    def _let_go(self, head: AnswerHead) -> None:
        if head.body is not None and head.body.stream:
            self._link.send(Kind.DROP, head.body.stream)
        if head.socket is not None and head.socket.own:
            self._close_socket(head.socket.own)

    def _close_socket(self, number: int) -> None:
        self._link.send(Kind.CLOSE, number, encode(Closing(1006)))
