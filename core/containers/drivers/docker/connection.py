"""HTTP towards one Docker Engine: calls that return JSON, and streams of JSON objects."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import msgspec

from core.containers.drivers.docker.endpoint import Endpoint
from core.containers.drivers.docker.errors import EngineError, lost, unreachable
from core.http.client import PooledClient
from core.http.errors import BodyLost, ClientError, ConnectFailed
from core.http.messages import Request, Response, one_chunk

QueryValue = str | int | bool | tuple[str, ...] | Mapping[str, Any]
Query = Mapping[str, QueryValue]

Json = dict[str, Any]

NEWEST_API = (1, 51)
"""The newest version of the Engine API that the calls here were written against."""


class EngineConnection:
    """Send calls to an Engine. Raises EngineError for its refusals, EngineLost when it is not there."""

    def __init__(self, endpoint: Endpoint, client: PooledClient) -> None:
        self.endpoint = endpoint
        self._client = client
        self._prefix = ""

    def use_version(self, api_version: str) -> None:
        """Speak the Engine's own version from now on, or the newest known when it is newer."""
        major, _, minor = api_version.partition(".")
        if major.isdigit() and minor.isdigit():
            self._prefix = "/v{}.{}".format(*min((int(major), int(minor)), NEWEST_API))

    async def call(
        self, method: str, path: str, query: Query | None = None, body: object | None = None
    ) -> Any:
        """Send a call and return the decoded answer; None for an empty one or for 304 (already so)."""
        data = msgspec.json.encode(body) if body is not None else b""
        async with self.answer(method, path, query, data) as response:
            content = await self._read(response)
        if not content or response.status == 304:
            return None
        return msgspec.json.decode(content) if _is_json(response) else content.decode(errors="replace")

    async def read(self, method: str, path: str, query: Query | None = None) -> bytes:
        """Send a call and return the raw bytes of its answer."""
        async with self.answer(method, path, query) as response:
            return await self._read(response)

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, query: Query | None = None, data: bytes = b""
    ) -> AsyncIterator[AsyncIterator[Json]]:
        """Give the JSON objects of an answer as they come, from when its head has arrived.

        They end when the Engine ends the answer; leaving the block frees the connection.
        """
        async with (
            self.answer(method, path, query, data) as response,
            aclosing(json_objects(self.chunks(response))) as objects,
        ):
            yield objects

    @asynccontextmanager
    async def answer(
        self, method: str, path: str, query: Query | None = None, data: bytes = b""
    ) -> AsyncIterator[Response]:
        """Send a call and give its response; its connection is freed at the end of the block."""
        response = await self._send(method, path, query, data)
        try:
            if response.status >= 400:
                raise EngineError(response.status, _message(await self._read(response)))
            yield response
        finally:
            if response.close is not None:
                await response.close()

    async def _send(self, method: str, path: str, query: Query | None, data: bytes) -> Response:
        headers = [(b"host", b"docker"), (b"content-length", str(len(data)).encode())]
        if data:
            headers.append((b"content-type", b"application/json"))
        request = Request(method, self._target(path, query), headers, one_chunk(data) if data else None)
        try:
            return await self._client.fetch(self.endpoint.address, request)
        except ConnectFailed as error:
            raise unreachable(self.endpoint, error) from error
        except ClientError as error:
            raise lost(self.endpoint, str(error)) from error

    async def _read(self, response: Response) -> bytes:
        return b"".join([chunk async for chunk in self.chunks(response)])

    async def chunks(self, response: Response) -> AsyncGenerator[bytes, None]:
        """Yield the body's bytes as they come."""
        if response.body is None:
            return
        try:
            async for chunk in response.body:
                yield chunk
        except BodyLost as error:
            raise lost(self.endpoint, str(error)) from error

    def _target(self, path: str, query: Query | None) -> str:
        target = self._prefix + path
        if not query:
            return target
        return f"{target}?{urlencode({key: _text(value) for key, value in query.items()}, doseq=True)}"


def _text(value: QueryValue) -> str | tuple[str, ...]:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Mapping):
        return msgspec.json.encode(value).decode()
    return value if isinstance(value, tuple) else str(value)


def _is_json(response: Response) -> bool:
    return (response_type := _content_type(response)) == b"application/json" or response_type == b""


def _content_type(response: Response) -> bytes:
    for name, value in response.headers:
        if name.lower() == b"content-type":
            return value.partition(b";")[0].strip().lower()
    return b""


def _message(content: bytes) -> str:
    try:
        value = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return content.decode(errors="replace").strip()
    return str(value.get("message", value)).strip() if isinstance(value, dict) else str(value)


async def json_objects(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[Json, None]:
    """Yield the objects of a stream that separates them by line ends, however its chunks are cut."""
    pending = b""
    async with aclosing(chunks):
        async for chunk in chunks:
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                if line.strip():
                    yield msgspec.json.decode(line)
    if pending.strip():
        yield msgspec.json.decode(pending)
