"""The response that a Worker returns, and the one that a binding gives it."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, overload

from .body import Body, BodyInit, BodyStream
from .headers import Headers, HeadersInit


class _Json:
    """``Response.json(data)`` makes a response; ``await response.json()`` reads one."""

    @overload
    def __get__(self, response: None, owner: "type[Response]") -> "Callable[..., Response]": ...
    @overload
    def __get__(self, response: "Response", owner: "type[Response]") -> Callable[[], Awaitable[Any]]: ...
    def __get__(self, response: "Response | None", owner: "type[Response]") -> Callable[..., Any]:
        return _json_response if response is None else response.read_json


class Response(Body):
    """An HTTP response. The body is text, bytes, or an asynchronous iterator of either."""

    def __init__(
        self, body: BodyInit = None, status: int = 200, status_text: str = "", headers: HeadersInit = None
    ) -> None:
        if not 200 <= status <= 599:
            raise ValueError(f"a response's status lies between 200 and 599, not {status!r}")
        if body is not None and status in (204, 304):
            raise TypeError(f"a response with status {status} cannot have a body")
        super().__init__(Headers(headers), body)
        self.status = int(status)
        self.status_text = status_text
        self.url = ""
        """Where a response of a binding came from, after redirects."""
        self.redirected = False
        self.upgraded: Any = None
        """The connection behind a response of a binding that switched protocols."""

    @classmethod
    def from_wire(
        cls, status: int, headers: Headers, body: BodyStream | None, upgraded: Any = None
    ) -> "Response":
        """Make the response that a binding gave."""
        response = cls.__new__(cls)
        response.status, response.status_text, response.upgraded = status, "", upgraded
        response.url, response.redirected = "", False
        response.set_wire(headers, body)
        return response

    json = _Json()

    @staticmethod
    def redirect(url: str, status: int = 302) -> "Response":
        """Make a response that sends the visitor to another URL."""
        if status not in (301, 302, 303, 307, 308):
            raise ValueError(f"not a redirect status: {status!r}")
        return Response(None, status=status, headers={"location": url})

    @property
    def ok(self) -> bool:
        """Say whether the status is one of success."""
        return 200 <= self.status <= 299

    def __repr__(self) -> str:
        return f"Response({self.status})"


def _json_response(data: Any, *, status: int = 200, headers: HeadersInit = None) -> Response:
    """Make a response of the data as JSON."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    all_headers = Headers(headers)
    if "content-type" not in all_headers:
        all_headers.set("content-type", "application/json")
    return Response(text, status=status, headers=all_headers)
