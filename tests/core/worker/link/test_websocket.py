"""WebSockets over a link: made by the Worker, passed on by it, or accepted by it; real ends on the wire."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.asyncio.server import ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from core.http.client import PooledClient
from core.http.messages import Request, Response, text_response
from core.http.server import serve_unix
from core.worker.link.frames import Kind
from core.worker.runtime import SubRequest, WorkerFailed
from tests.core.worker.link.conftest import WAIT_S, Bench

MIB = 1024 * 1024
LONG = "ä" * MIB


@pytest.fixture
async def door(bench: Bench, tmp_path: Path) -> AsyncIterator[Path]:
    """Let visitors reach the isolate over HTTP."""

    async def handle(request: Request) -> Response:
        try:
            return (await bench.isolate.fetch("t", request)).response
        except WorkerFailed as error:
            return text_response(500, error.message)

    server = await serve_unix(handle, tmp_path / "edge")
    yield tmp_path / "edge"
    await server.stop()


@asynccontextmanager
async def visitor(bench: Bench, door: Path, **options: Any) -> AsyncIterator[tuple[ClientConnection, int]]:
    """Connect a visitor to a socket that the isolate makes; return it and the socket's number."""
    connecting = asyncio.create_task(
        unix_connect(
            str(door), "ws://shop.example/chat", subprotocols=[Subprotocol("chat")], **options
        ).__aenter__()
    )
    number, _ = await bench.peer.request()
    socket = bench.peer.link.next_number()
    headers = [["sec-websocket-protocol", "chat"], ["sec-websocket-accept", "wrong"]]
    head = {"status": 101, "headers": headers, "socket": {"own": socket}}
    bench.peer.send(Kind.ANSWER, number, head)
    assert (await bench.peer.expect(Kind.ACCEPT))[0] == socket
    connection = await connecting
    try:
        yield connection, socket
    finally:
        await connection.close()
        bench.peer.finish(number)


async def message(bench: Bench) -> tuple[int, bytes]:
    return await bench.peer.expect_bytes(Kind.MESSAGE)


async def test_messages_pass_between_a_visitor_and_the_worker(bench: Bench, door: Path) -> None:
    async with visitor(bench, door) as (connection, socket):
        assert connection.subprotocol == "chat"
        await connection.send("ä text")
        assert await message(bench) == (socket, b"\x00\xc3\xa4 text")
        await connection.send(b"\xffbinary")
        assert await message(bench) == (socket, b"\x01\xffbinary")
        bench.peer.link.send(Kind.MESSAGE, socket, b"\x00\xc3\xa4 back")
        assert await connection.recv() == "ä back"
        bench.peer.link.send(Kind.MESSAGE, socket, b"\x01\xff")
        assert await connection.recv() == b"\xff"


async def test_long_and_fragmented_messages_arrive_whole(bench: Bench, door: Path) -> None:
    async with visitor(bench, door, max_size=None) as (connection, socket):
        await connection.send([LONG[:10], LONG[10:20], LONG[20:]])
        assert await message(bench) == (socket, b"\x00" + LONG.encode())
        bench.peer.link.send(Kind.MESSAGE, socket, b"\x00" + LONG.encode())
        assert await connection.recv() == LONG


async def test_pings_are_answered_without_the_worker(bench: Bench, door: Path) -> None:
    async with visitor(bench, door) as (connection, _):
        await asyncio.wait_for(await connection.ping(), WAIT_S)


async def test_a_visitors_close_reaches_the_worker_with_code_and_reason(bench: Bench, door: Path) -> None:
    async with visitor(bench, door) as (connection, socket):
        await connection.close(4001, "done ä")
        assert await bench.peer.expect(Kind.CLOSE) == (socket, {"code": 4001, "reason": "done ä"})


async def test_a_visitor_who_vanishes_is_a_lost_connection(bench: Bench, door: Path) -> None:
    async with visitor(bench, door) as (connection, socket):
        connection.transport.abort()
        assert await bench.peer.expect(Kind.CLOSE) == (socket, {"code": 1006, "reason": ""})


async def test_the_workers_close_reaches_the_visitor_and_is_answered(bench: Bench, door: Path) -> None:
    async with visitor(bench, door) as (connection, socket):
        bench.peer.send(Kind.CLOSE, socket, {"code": 3000, "reason": "bye"})
        with pytest.raises(ConnectionClosed):
            await connection.recv()
        assert (connection.close_code, connection.close_reason) == (3000, "bye")
        assert await bench.peer.expect(Kind.CLOSE) == (socket, {"code": 3000, "reason": "bye"})


@pytest.mark.parametrize(("code", "seen"), [(1005, 1005), (1004, 1011), (1006, 1006)])
async def test_codes_that_no_frame_may_hold_become_what_may(
    bench: Bench, door: Path, code: int, seen: int
) -> None:
    async with visitor(bench, door) as (connection, socket):
        bench.peer.send(Kind.CLOSE, socket, {"code": code, "reason": ""})
        with pytest.raises(ConnectionClosed):
            await connection.recv()
        assert connection.close_code == seen


async def test_text_that_is_not_utf8_closes_with_1007(bench: Bench, door: Path) -> None:
    async with visitor(bench, door) as (connection, socket):
        await connection.send(b"\xff\xfe", text=True)
        with pytest.raises(ConnectionClosed):
            await connection.recv()
        assert connection.close_code == 1007
        assert await bench.peer.expect(Kind.CLOSE) == (socket, {"code": 1006, "reason": ""})


async def test_a_lost_isolate_breaks_its_sockets_off(bench: Bench, door: Path) -> None:
    async with visitor(bench, door) as (connection, _):
        bench.isolate.kill("the test")
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(connection.recv(), WAIT_S)
        assert connection.close_code == 1006


async def test_a_socket_for_a_visitor_who_asked_for_none_fails(bench: Bench) -> None:
    fetch = bench.fetch()
    number, _ = await bench.peer.request()
    bench.peer.send(Kind.ANSWER, number, {"status": 101, "headers": [], "socket": {"own": 2}})
    with pytest.raises(WorkerFailed, match='did not contain the header "Upgrade: websocket"'):
        await fetch
    assert await bench.peer.expect(Kind.CLOSE) == (2, {"code": 1006, "reason": ""})


@asynccontextmanager
async def container(bench: Bench, path: Path, **options: Any) -> AsyncIterator[Callable[[], Any]]:
    """Answer calls with a real server's WebSocket that says everything back in capitals."""
    closed: asyncio.Queue[tuple[int | None, str | None]] = asyncio.Queue()

    async def serve(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for data in connection:
                if data == "bye":
                    await connection.close(4002, "so long")
                await connection.send(data.upper())
        closed.put_nowait((connection.close_code, connection.close_reason))

    client = PooledClient()

    async def fetch(_: SubRequest, request: Request) -> Response:
        return await client.fetch(str(path), request)

    bench.bindings.answer = fetch
    async with unix_serve(serve, str(path), max_size=None, **options):
        yield closed.get
    await client.close()


async def ask_for_socket(bench: Bench) -> tuple[int, int]:
    """Make the Worker ask for a WebSocket by itself; return request and socket."""
    bench.fetch()
    number, _ = await bench.peer.request()
    response = await bench.peer.call(number, headers=[["Upgrade", "websocket"]])
    assert response["status"] == 101
    return number, response["socket"]


async def test_a_worker_talks_to_a_containers_socket(bench: Bench, tmp_path: Path) -> None:
    async with container(bench, tmp_path / "c") as closed:
        _, socket = await ask_for_socket(bench)
        bench.peer.link.send(Kind.ACCEPT, socket)
        bench.peer.link.send(Kind.MESSAGE, socket, b"\x00hello")
        assert await message(bench) == (socket, b"\x00HELLO")
        bench.peer.link.send(Kind.MESSAGE, socket, b"\x00" + LONG.encode())
        assert await message(bench) == (socket, b"\x00" + LONG.upper().encode())
        bench.peer.send(Kind.CLOSE, socket, {"code": 4000, "reason": "enough"})
        assert await closed() == (4000, "enough")
        assert await bench.peer.expect(Kind.CLOSE) == (socket, {"code": 4000, "reason": "enough"})


async def test_a_containers_close_reaches_the_worker(bench: Bench, tmp_path: Path) -> None:
    async with container(bench, tmp_path / "c"):
        _, socket = await ask_for_socket(bench)
        bench.peer.link.send(Kind.ACCEPT, socket)
        bench.peer.link.send(Kind.MESSAGE, socket, b"\x00bye")
        assert await bench.peer.expect(Kind.CLOSE) == (socket, {"code": 4002, "reason": "so long"})


@pytest.mark.parametrize("how", ["finish", "close"])
async def test_a_socket_that_nobody_accepts_is_let_go_of(bench: Bench, tmp_path: Path, how: str) -> None:
    async with container(bench, tmp_path / "c") as closed:
        number, socket = await ask_for_socket(bench)
        if how == "finish":
            bench.peer.finish(number)
        else:
            bench.peer.send(Kind.CLOSE, socket, {"code": 1006})
        assert await closed() == (1006, "")


@pytest.mark.parametrize("own_key", [True, False])
async def test_a_containers_socket_passes_through_untouched(
    bench: Bench, door: Path, tmp_path: Path, own_key: bool
) -> None:
    async with container(bench, tmp_path / "c") as closed:
        connecting = asyncio.create_task(unix_connect(str(door), "ws://shop.example/").__aenter__())
        number, head = await bench.peer.request()
        fields = [["Upgrade", "websocket"]] if own_key else head["headers"]
        response = await bench.peer.call(number, headers=fields)
        socket = {"pass": response["socket"]}
        bench.peer.send(Kind.ANSWER, number, {**response, "socket": socket})
        bench.peer.finish(number)
        connection = await asyncio.wait_for(connecting, WAIT_S)
        await connection.send("hello")
        assert await connection.recv() == "HELLO"
        await connection.close(4009)
        assert (await closed())[0] == 4009


async def test_a_socket_accepted_with_compression_is_understood(bench: Bench, tmp_path: Path) -> None:
    async with container(bench, tmp_path / "c"):
        bench.fetch()
        number, _ = await bench.peer.request()
        fields = [["Upgrade", "websocket"], ["Sec-WebSocket-Extensions", "permessage-deflate"]]
        socket = (await bench.peer.call(number, headers=fields))["socket"]
        bench.peer.link.send(Kind.ACCEPT, socket)
        bench.peer.link.send(Kind.MESSAGE, socket, b"\x00" + b"hello " * 100)
        assert await message(bench) == (socket, b"\x00" + b"HELLO " * 100)


async def test_a_refused_handshake_is_an_ordinary_answer(bench: Bench, door: Path) -> None:
    connecting = asyncio.create_task(unix_connect(str(door), "ws://shop.example/").__aenter__())
    number, _ = await bench.peer.request()
    bench.peer.answer(number, status=403)
    with pytest.raises(InvalidStatus):
        await connecting
