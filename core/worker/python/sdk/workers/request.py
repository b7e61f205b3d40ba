"""The request that a Worker gets, and the ones that it makes."""

from typing import Any, Literal
from urllib.parse import quote, urlsplit

from .body import Body, BodyInit, BodyStream
from .headers import Headers, HeadersInit

Redirect = Literal["follow", "manual", "error"]

_UNSET: Any = object()
_PATH_SAFE = "!#$%&'()*+,/:;=?@[]~-._|"
"""What stays as written; spaces and letters outside ASCII are percent-encoded."""


class Request(Body):
    """An HTTP request: of a visitor, or made by the Worker from a URL or from another request.

    ``Request(request, method=…, headers=…, body=…)`` takes over what is not given, the unread body too.
    Raises ValueError for a URL without scheme and host, TypeError when the body was read already.
    """

    url: str
    """The whole URL."""
    method: str
    """The method in upper case."""
    host: str
    """Host and port of the URL."""
    target: str
    """Path and query, as they go on the request line."""
    redirect: Redirect
    """What happens to a redirect in the answer; a visitor's request leaves it to the visitor."""

    def __init__(
        self,
        source: "str | Request",
        *,
        method: str | None = None,
        headers: HeadersInit = _UNSET,
        body: BodyInit = _UNSET,
        redirect: Redirect | None = None,
    ) -> None:
        if redirect not in (None, "follow", "manual", "error"):
            raise TypeError(f"redirect is follow, manual or error, not {redirect!r}")
        if isinstance(source, Request):
            self.redirect = redirect or source.redirect
            self.url, self.host, self.target = source.url, source.host, source.target
            self.method = (method or source.method).upper()
            if body is _UNSET:
                body = source.unread()
            super().__init__(Headers(source.headers if headers is _UNSET else headers), body)
        else:
            self.redirect = redirect or "follow"
            self.url, self.host, self.target = _split(source)
            self.method = (method or "GET").upper()
            super().__init__(
                Headers(None if headers is _UNSET else headers), None if body is _UNSET else body
            )

    @classmethod
    def from_wire(
        cls, method: str, host: str, target: str, headers: Headers, body: BodyStream | None
    ) -> "Request":
        """Make the request that a visitor sent."""
        request = cls.__new__(cls)
        request.url, request.host, request.target = f"http://{host}{target}", host, target
        request.method, request.redirect = method, "manual"
        request.set_wire(headers, body)
        return request

    async def json(self) -> Any:
        """Read the whole body as JSON. Raises ValueError when it is none."""
        return await self.read_json()

    def __repr__(self) -> str:
        return f"Request({self.method} {self.url})"


def _split(url: object) -> tuple[str, str, str]:
    """Return the URL, its host and its target."""
    text = str(url)
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme not in ("http", "https", "ws", "wss") or not host:
        raise ValueError(
            f"not a whole URL: {text!r}; write it with scheme and host, as http://container/path"
        )
    path = quote(parts.path or "/", safe=_PATH_SAFE)
    return text, host, path + (f"?{quote(parts.query, safe=_PATH_SAFE)}" if parts.query else "")
