"""The body that a Request and a Response share: read once, whole or piece by piece."""

import builtins
import json
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any, TypeAlias

from .headers import Headers

BodyInit: TypeAlias = str | bytes | bytearray | memoryview | AsyncIterable[bytes] | AsyncIterable[str] | None


class BodyStream(AsyncIterator[bytes]):
    """The pieces of a body. ``length`` is its size in bytes where that is known beforehand."""

    def __init__(self, source: AsyncIterable[Any], length: int | None = None) -> None:
        self.length = length
        self.started = False
        self.source = source
        """What the pieces come from; whoever passes it on as it is sets ``started``."""
        self._iterator: AsyncIterator[Any] = aiter(source)

    async def __anext__(self) -> bytes:
        self.started = True
        piece = await anext(self._iterator)
        if isinstance(piece, str):
            return piece.encode()
        if not isinstance(piece, (bytes, bytearray, memoryview)):
            raise TypeError(f"a body's pieces are bytes or str, not {type(piece).__name__}")
        return bytes(piece)

    async def aclose(self) -> None:
        """Let go of the source without reading it to its end."""
        close = getattr(self._iterator, "aclose", None)
        if close is not None:
            await close()


class Whole(AsyncIterator[bytes]):
    """A body that is there in whole."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._given = not data

    async def __anext__(self) -> bytes:
        if self._given:
            raise StopAsyncIteration
        self._given = True
        return self.data


class Body:
    """What Request and Response have in common."""

    def __init__(self, headers: Headers, body: BodyInit) -> None:
        self.headers = headers
        self._stream = _stream(body)
        if isinstance(body, str) and "content-type" not in headers:
            headers.set("content-type", "text/plain;charset=UTF-8")
        if self._stream is not None:
            length = None if self._stream.length is None else str(self._stream.length)
            if length is None:
                headers.delete("content-length")
            elif headers.get("content-length") != length:
                headers.set("content-length", length)

    def set_wire(self, headers: Headers, stream: BodyStream | None) -> None:
        """Take headers and body as they came over the wire, unchanged."""
        self.headers = headers
        self._stream = stream

    def unread(self) -> BodyStream | None:
        """Return the body to pass it on. Raises TypeError when reading it has begun."""
        if self.body_used:
            raise TypeError("the body has been read already: it can be read once")
        return self._stream

    @property
    def body(self) -> BodyStream | None:
        """Return the body as an asynchronous iterator of bytes; None when there is none."""
        return self._stream

    @property
    def body_used(self) -> bool:
        """Say whether reading the body has begun."""
        return self._stream is not None and self._stream.started

    bodyUsed = body_used  # noqa: N815 (the platform's name)

    async def bytes(self) -> builtins.bytes:
        """Read the whole body. Raises TypeError when it was read before."""
        stream = self.unread()
        if stream is None:
            return b""
        stream.started = True
        return b"".join([piece async for piece in stream])

    async def buffer(self) -> builtins.bytes:
        """Read the whole body, under the platform's other name."""
        return await self.bytes()

    async def text(self) -> str:
        """Read the whole body as UTF-8 text."""
        return (await self.bytes()).decode("utf-8", "replace")

    async def read_json(self) -> Any:
        """Read the whole body as JSON. Raises ValueError when it is none."""
        return json.loads(await self.bytes())


def _stream(body: BodyInit) -> BodyStream | None:
    if body is None or isinstance(body, BodyStream):
        return body
    if isinstance(body, str):
        body = body.encode()
    if isinstance(body, (bytes, bytearray, memoryview)):
        data = bytes(body)
        return BodyStream(Whole(data), len(data))
    if isinstance(body, AsyncIterable):
        return BodyStream(body)
    raise TypeError(
        f"a body is str, bytes or an asynchronous iterator, not {type(body).__name__}"
        + ("; use Response.json(...)" if isinstance(body, (dict, list)) else "")
    )
