"""Upgraded connections: WebSockets through server and client, half-closing, back-pressure, refusals."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket

from core.http.client import PooledClient
from core.http.messages import Request, Response, text_response
from core.http.server import Server, serve

WAIT_S = 20
UPGRADE = b"GET /x HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: raw\r\n\r\n"


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


@pytest.fixture
async def through(client: PooledClient) -> AsyncIterator[str]:
    """Give the URL of a proxy before a WebSocket echo."""
    async with serve_websocket(echo, "127.0.0.1", 0, max_size=None) as upstream:
        address = ("127.0.0.1", upstream.sockets[0].getsockname()[1])
        proxy = await serve(lambda request: client.fetch(address, request))
        yield f"ws://127.0.0.1:{proxy.port}/chat?room=1"
        await proxy.stop()


async def test_a_websocket_echoes_through_server_and_client(through: str) -> None:
    async with asyncio.timeout(WAIT_S), connect(through, max_size=None) as socket:
        for message in ("hello", b"\x00\xff", "x" * 1_000_000):
            await socket.send(message)
            assert await socket.recv() == message


async def test_the_closing_handshake_goes_through(through: str) -> None:
    async with asyncio.timeout(WAIT_S):
        socket = await connect(through)
        await socket.close(4000, "enough")
        assert socket.close_code == 4000


async def test_an_upgrade_that_is_refused_is_an_ordinary_answer(client: PooledClient) -> None:
    async def refuse(request: Request) -> Response:
        return text_response(403, "not you")

    server = await serve(refuse)
    with pytest.raises(websockets.InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{server.port}/")
    assert refused.value.response.status_code == 403
    assert refused.value.response.body == b"not you"
    await server.stop()


class LineTunnel:
    """An upstream that answers each read with what was written, in capitals, and notes its end."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[bytes] = asyncio.Queue()
        self.closed = asyncio.Event()
        self.ended = asyncio.Event()

    async def read(self) -> bytes:
        return await self.waiting.get()

    async def write(self, data: bytes) -> None:
        self.waiting.put_nowait(data.upper())

    async def write_eof(self) -> None:
        self.ended.set()
        self.waiting.put_nowait(b"goodbye")
        self.waiting.put_nowait(b"")

    async def close(self) -> None:
        self.closed.set()


@pytest.fixture
async def lines() -> AsyncIterator[tuple[Server, LineTunnel]]:
    tunnel = LineTunnel()

    async def handler(request: Request) -> Response:
        headers = [(b"connection", b"Upgrade"), (b"upgrade", b"raw"), (b"x-kept", b"1")]
        return Response(101, headers, tunnel=tunnel)

    server = await serve(handler)
    yield server, tunnel
    await server.stop()


async def test_bytes_sent_with_the_upgrade_request_are_not_lost(lines: tuple[Server, LineTunnel]) -> None:
    server, _ = lines
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(UPGRADE + b"early")
    async with asyncio.timeout(WAIT_S):
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        assert b"x-kept: 1\r\n" in head
        assert await reader.readexactly(5) == b"EARLY"
    writer.close()
    await writer.wait_closed()


async def test_an_upgrade_waits_for_the_end_of_the_answer_before_it() -> None:
    tunnel, last_byte_sent, may_end = LineTunnel(), asyncio.Event(), asyncio.Event()

    async def slow_to_end() -> AsyncIterator[bytes]:
        yield b"ok"
        last_byte_sent.set()
        await may_end.wait()

    async def handler(request: Request) -> Response:
        if request.target == "/x":
            return Response(101, [(b"connection", b"Upgrade"), (b"upgrade", b"raw")], tunnel=tunnel)
        return Response(200, [(b"content-length", b"2")], slow_to_end())

    server = await serve(handler)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    async with asyncio.timeout(WAIT_S):
        writer.write(b"GET /first HTTP/1.1\r\nhost: a\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\nok")).startswith(b"HTTP/1.1 200 OK\r\n")
        await last_byte_sent.wait()
        writer.write(UPGRADE)
        writer.write(b"early")
        may_end.set()
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        assert await reader.readexactly(5) == b"EARLY"
    writer.close()
    await server.stop()


async def test_a_visitor_that_ends_its_side_still_gets_the_rest(lines: tuple[Server, LineTunnel]) -> None:
    server, tunnel = lines
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(UPGRADE)
    async with asyncio.timeout(WAIT_S):
        await reader.readuntil(b"\r\n\r\n")
        writer.write_eof()
        assert await reader.read() == b"goodbye"
        await tunnel.closed.wait()
    assert tunnel.ended.is_set()
    writer.close()


async def test_a_visitor_that_breaks_off_closes_the_upstream() -> None:
    class Silent(LineTunnel):
        async def write_eof(self) -> None:
            self.ended.set()

    tunnel = Silent()

    async def handler(request: Request) -> Response:
        return Response(101, [(b"connection", b"Upgrade"), (b"upgrade", b"raw")], tunnel=tunnel)

    server = await serve(handler)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(UPGRADE)
    async with asyncio.timeout(WAIT_S):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"x")
        writer.transport.abort()
        tunnel.waiting.put_nowait(b"into the void")
        while not tunnel.closed.is_set():
            tunnel.waiting.put_nowait(b"y")
            await asyncio.sleep(0)
    await server.stop()


async def test_leaving_before_the_answer_cancels_the_handler() -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Response:
        started.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        cancelled.set()
        raise asyncio.CancelledError

    server = await serve(handler)
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(UPGRADE)
    async with asyncio.timeout(WAIT_S):
        await started.wait()
        writer.close()
        await cancelled.wait()
    await server.stop()


async def test_stopping_the_server_ends_tunnels_at_once(lines: tuple[Server, LineTunnel]) -> None:
    server, tunnel = lines
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(UPGRADE)
    async with asyncio.timeout(WAIT_S):
        await reader.readuntil(b"\r\n\r\n")
        await server.stop(grace_s=3600)
        assert await reader.read() == b""
    assert tunnel.closed.is_set()
    writer.close()


async def test_a_slow_visitor_makes_the_upstream_wait() -> None:
    written = 0

    class Flood(LineTunnel):
        async def read(self) -> bytes:
            nonlocal written
            written += 65_536
            return b"x" * 65_536

    async def handler(request: Request) -> Response:
        return Response(101, [(b"connection", b"Upgrade"), (b"upgrade", b"raw")], tunnel=Flood())

    server = await serve(handler)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=65_536)
    writer.write(UPGRADE)
    async with asyncio.timeout(WAIT_S):
        await reader.readuntil(b"\r\n\r\n")
        before = -1
        while before != written:
            before = written
            for _ in range(200):
                await asyncio.sleep(0)
    assert written < 64 * 1024 * 1024
    writer.transport.abort()
    await server.stop()
