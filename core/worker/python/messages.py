"""Between wire messages and the objects that a Worker handles, both ways."""

from collections.abc import AsyncIterator

from core.http.messages import Request, Response, find_header
from core.worker.python.sdk import workers
from core.worker.python.sdk.workers.body import BodyStream


class WrongAnswer(Exception):
    """The Worker returned something that is no Response."""


def to_worker_request(request: Request) -> workers.Request:
    """Make what the Worker's ``fetch`` gets."""
    host = (request.header(b"host") or b"localhost").decode("latin-1")
    headers = workers.Headers.from_raw(request.headers)
    body = _stream(request.body, request.header(b"content-length"))
    return workers.Request.from_wire(request.method, host, request.target, headers, body)


def to_worker_response(response: Response) -> workers.Response:
    """Make what a call of a binding gives the Worker."""
    headers = workers.Headers.from_raw(response.headers)
    body = _stream(response.body, find_header(response.headers, b"content-length"))
    return workers.Response.from_wire(response.status, headers, body, response.tunnel)


def to_wire_request(request: workers.Request, *, outside: bool = False) -> Request:
    """Make what a binding gets; a request to the outside has its whole URL as its target."""
    host = (b"host", request.host.encode("latin-1"))
    headers = [host if name.lower() == b"host" else (name, value) for name, value in request.headers.raw]
    if host not in headers:
        headers.insert(0, host)
    target = request.target
    if outside:
        scheme = request.url.partition(":")[0].lower()
        target = f"{scheme}://{request.host}{target}"
    return Request(request.method, target, headers, request.unread())


def to_wire_response(result: object, method: str) -> Response:
    """Make what the visitor gets of what ``fetch`` returned. Raises WrongAnswer."""
    if not isinstance(result, workers.Response):
        raise WrongAnswer(f"fetch returned {_article(result)}, not a Response")
    if result.body_used:
        raise WrongAnswer("fetch returned a Response whose body has been read already")
    headers = result.headers.raw
    if result.body is None and method != "HEAD" and result.status != 304:
        headers = [field for field in headers if field[0].lower() != b"content-length"]
    return Response(result.status, headers, result.body, result.upgraded)


def _article(value: object) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"


def _stream(body: AsyncIterator[bytes] | None, length: bytes | None) -> BodyStream | None:
    if body is None:
        return None
    return BodyStream(body, int(length) if length is not None and length.isdigit() else None)
