"""The answers that the platform gives when the Worker cannot.

Statuses and texts as the platform's documentation of Worker errors gives them (October 2026).
"""

from html import escape
from typing import Literal

from core.http.messages import Headers, Response, one_chunk

PlatformCode = Literal[1101, 1102]

_ERRORS: dict[PlatformCode, tuple[int, str, str]] = {
    1101: (500, "Worker threw exception", "The code at the edge failed while it answered this request."),
    1102: (503, "Worker exceeded resource limits", "The code at the edge used more than it is allowed."),
}

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body>
<h1>Error {code}</h1>
<p><strong>{title}</strong></p>
<p>{text}</p>
<p>Ray ID: <code>{ray}</code></p>
<p>To whom it belongs: the console's log has the reason under this Ray ID.</p>
</body>
</html>
"""


def error_status(code: PlatformCode) -> int:
    """Return the HTTP status that goes with a platform error code."""
    return _ERRORS[code][0]


def platform_error(code: PlatformCode, ray: str, accept: bytes | None) -> Response:
    """Make the platform's answer: a page for who accepts HTML, else a line of text.

    Neither says why: a reason may hold secrets, and goes to the log alone.
    """
    status, title, text = _ERRORS[code]
    if accept is not None and b"text/html" in accept.lower():
        page = _PAGE.format(code=code, title=title, text=text, ray=escape(ray))
        return _response(status, b"text/html; charset=UTF-8", page.encode())
    return _response(status, b"text/plain; charset=UTF-8", f"error code: {code}".encode())


def body_too_long() -> Response:
    """Make the answer to a request whose body is longer than the deployment allows."""
    return _response(413, b"text/plain;charset=UTF-8", b"Request Entity Too Large")


def _response(status: int, content_type: bytes, body: bytes) -> Response:
    headers: Headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"private, no-store"),
    ]
    return Response(status, headers, one_chunk(body))
