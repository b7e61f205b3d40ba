"""Large bodies through server, client and server again: whole, in order, and never in memory."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import cast

from core.http.client import PooledClient
from core.http.exchange import Exchange
from core.http.messages import Request, Response, text_response
from core.http.server import serve
from core.http.tunnel import HIGH_WATER_BYTES

WAIT_S = 60
PIECE = bytes(range(256)) * 256
PIECES = 1024
"""64 MiB in all."""
MOST_AHEAD_BYTES = 16 * 1024 * 1024
"""What two hops may hold: read-ahead and write buffers of ours, socket buffers of the system."""


class Source(AsyncIterator[bytes]):
    """A body that counts how far ahead of its reader it was asked to go."""

    def __init__(self) -> None:
        self.given = 0
        self.taken = 0
        self.furthest_ahead_bytes = 0

    async def __anext__(self) -> bytes:
        if self.given == PIECES:
            raise StopAsyncIteration
        self.given += 1
        ahead = self.given * len(PIECE) - self.taken
        self.furthest_ahead_bytes = max(self.furthest_ahead_bytes, ahead)
        return PIECE


def expected() -> str:
    digest = hashlib.sha256()
    for _ in range(PIECES):
        digest.update(PIECE)
    return digest.hexdigest()


async def test_64_mib_to_a_slow_server_wait_for_it(client: PooledClient) -> None:
    source = Source()

    async def slow(request: Request) -> Response:
        digest = hashlib.sha256()
        assert request.body is not None
        async for data in request.body:
            digest.update(data)
            source.taken += len(data)
            for _ in range(10):
                await asyncio.sleep(0)
        return text_response(200, digest.hexdigest())

    origin = await serve(slow)
    proxy = await serve(lambda request: client.fetch(("127.0.0.1", origin.port), request))
    async with asyncio.timeout(WAIT_S):
        response = await client.fetch(("127.0.0.1", proxy.port), Request("POST", "/", [], source))
        assert response.body is not None
        assert b"".join([data async for data in response.body]) == expected().encode()
    assert source.furthest_ahead_bytes < MOST_AHEAD_BYTES
    await proxy.stop()
    await origin.stop()


async def test_64_mib_to_a_slow_reader_wait_for_it(client: PooledClient) -> None:
    source = Source()

    async def origin_handler(request: Request) -> Response:
        return Response(200, [], source)

    origin = await serve(origin_handler)
    proxy = await serve(lambda request: client.fetch(("127.0.0.1", origin.port), request))
    digest = hashlib.sha256()
    most_unread_bytes = 0
    async with asyncio.timeout(WAIT_S):
        response = await client.fetch(("127.0.0.1", proxy.port), Request("GET", "/"))
        exchange = cast(Exchange, response.body)
        async for data in exchange:
            digest.update(data)
            source.taken += len(data)
            most_unread_bytes = max(most_unread_bytes, exchange.unread_bytes)
            for _ in range(10):
                await asyncio.sleep(0)
    assert digest.hexdigest() == expected()
    assert most_unread_bytes <= HIGH_WATER_BYTES * 2
    assert source.furthest_ahead_bytes < MOST_AHEAD_BYTES
    await proxy.stop()
    await origin.stop()


async def test_a_reader_that_stops_stops_the_source(client: PooledClient) -> None:
    source = Source()

    async def origin_handler(request: Request) -> Response:
        return Response(200, [], source)

    origin = await serve(origin_handler)
    async with asyncio.timeout(WAIT_S):
        response = await client.fetch(("127.0.0.1", origin.port), Request("GET", "/"))
        given = -1
        while given != source.given:
            given = source.given
            for _ in range(200):
                await asyncio.sleep(0)
    assert source.given < PIECES
    assert response.close is not None
    await response.close()
    await origin.stop()


async def test_bytes_come_back_while_the_request_is_still_being_sent(client: PooledClient) -> None:
    to_send: asyncio.Queue[bytes] = asyncio.Queue()

    async def spoken() -> AsyncIterator[bytes]:
        while data := await to_send.get():
            yield data

    async def echo(request: Request) -> Response:
        return Response(200, [], request.body)

    origin = await serve(echo)
    proxy = await serve(lambda request: client.fetch(("127.0.0.1", origin.port), request))
    async with asyncio.timeout(WAIT_S):
        response = await client.fetch(("127.0.0.1", proxy.port), Request("POST", "/", [], spoken()))
        assert response.body is not None
        for word in (b"one", b"two", b"three"):
            to_send.put_nowait(word)
            assert await anext(response.body) == word
        to_send.put_nowait(b"")
        assert [data async for data in response.body] == []
    await proxy.stop()
    await origin.stop()
