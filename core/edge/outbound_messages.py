"""Requests to the outside and their answers, as the connection's library takes and gives them.

Bytes pass as they are: nothing is decoded, redirects are the Worker's to follow, and no cookie is kept.
"""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from core.http.errors import BodyLost
from core.http.fields import end_to_end
from core.http.messages import Headers, Request, Response
from core.worker.runtime import CallRefused

if TYPE_CHECKING:
    import httpcore

PORTS = {"http": 80, "https": 443}
LOST = "Network connection lost."
"""What the platform says, whatever went wrong on the way."""
CONNECT_TIMEOUT_S = 10.0
_OWN_FIELDS = frozenset({b"host", b"expect", b"content-length"})
_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def split_url(request: Request) -> SplitResult:
    """Return the parts of the URL that a request asks for. Raises CallRefused when it is none."""
    try:
        url = urlsplit(request.target)
        usable = url.scheme in PORTS and url.hostname and url.port != 0 and request.target.isascii()
    except ValueError:
        usable = False
    if not usable:
        raise CallRefused("Fetch API cannot load: what was asked for is no http:// or https:// URL")
    if url.username is not None:
        raise CallRefused(f"Fetch API cannot load: the URL of {url.hostname} holds credentials")
    return url


def host_of(request: Request) -> str:
    """Return the host and port that a request asks for; empty when it names none."""
    try:
        return split_url(request).netloc
    except CallRefused:
        return ""


def outgoing(request: Request, url: SplitResult) -> "httpcore.Request":
    """Return a request as it goes out; its Host is that of the URL."""
    import httpcore

    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    place = httpcore.URL(scheme=url.scheme, host=url.hostname or "", port=url.port, target=target.encode())
    return httpcore.Request(
        request.method,
        place,
        headers=[(b"host", url.netloc.encode()), *_fields(request)],
        content=request.body,
        extensions={"timeout": {"connect": CONNECT_TIMEOUT_S, "pool": CONNECT_TIMEOUT_S}},
    )


def _fields(request: Request) -> Headers:
    headers = [field for field in end_to_end(request.headers) if field[0].lower() not in _OWN_FIELDS]
    length = request.header(b"content-length")
    if request.body is None:
        length = b"0" if request.method in _METHODS_WITH_BODY else None
    elif length is None:
        return [*headers, (b"transfer-encoding", b"chunked")]
    return headers if length is None else [*headers, (b"content-length", length)]


def incoming(answer: "httpcore.Response", place: str) -> Response:
    """Return an answer; its body's iterator raises BodyLost, naming ``place``."""
    headers = end_to_end([(bytes(name), bytes(value)) for name, value in answer.headers])
    return Response(answer.status, headers, _body(answer, place), None, answer.aclose)


async def _body(answer: "httpcore.Response", place: str) -> AsyncIterator[bytes]:
    import httpcore

    try:
        async for chunk in answer.aiter_stream():
            yield chunk
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
        raise BodyLost(f"{LOST} ({place}: {error})") from None
    finally:
        await answer.aclose()
