"""What crosses the wire: a request, a response and an upgraded connection, with streamed bodies."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

Headers = list[tuple[bytes, bytes]]
"""Header fields in order, as received; names are compared without regard to case."""


class Tunnel(Protocol):
    """The two byte streams of a connection after ``101 Switching Protocols``."""

    async def read(self) -> bytes:
        """Return the next bytes from the peer; empty when the peer has closed its side."""

    async def write(self, data: bytes) -> None:
        """Send bytes, waiting while the peer is slow."""

    async def write_eof(self) -> None:
        """Tell the peer that nothing more comes from this side; its own bytes still arrive."""

    async def close(self) -> None:
        """Close both directions."""


@dataclass(slots=True)
class Request:
    """One HTTP request; ``target`` is the path with its query, as on the request line."""

    method: str
    target: str
    headers: Headers = field(default_factory=list)
    body: AsyncIterator[bytes] | None = None

    @property
    def path(self) -> str:
        """Return the target without its query (a query may hold secrets; events carry the path only)."""
        return self.target.partition("?")[0]

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of a header field; ``name`` in lower case."""
        return find_header(self.headers, name)


@dataclass(slots=True)
class Response:
    """One HTTP response. With status 101 the ``tunnel`` holds the connection and there is no body."""

    status: int
    headers: Headers = field(default_factory=list)
    body: AsyncIterator[bytes] | None = None
    tunnel: Tunnel | None = None
    close: Callable[[], Awaitable[None]] | None = None
    """Free what the response holds when its body is not read to the end; safe to call twice."""


def find_header(headers: Headers, name: bytes) -> bytes | None:
    """Return the first value of the field ``name`` (lower case), or None."""
    for key, value in headers:
        if key == name or key.lower() == name:
            return value
    return None


async def one_chunk(data: bytes) -> AsyncIterator[bytes]:
    """Make a body of a single chunk."""
    if data:
        yield data


def text_response(status: int, text: str) -> Response:
    """Make a small plain-text response."""
    data = text.encode()
    headers = [(b"content-type", b"text/plain;charset=UTF-8"), (b"content-length", str(len(data)).encode())]
    return Response(status, headers, one_chunk(data))
