"""The server: framing, limits, streaming, disconnects and stopping."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.http.client import PooledClient
from core.http.errors import CannotListen, ClientGone, PortTaken
from core.http.messages import Request, Response, one_chunk, text_response
from core.http.server import Server, serve, serve_unix
from tests.core.http.talking import WAIT_S, echo_target, read_all, talk


async def test_a_free_port_is_taken_and_told(client: PooledClient) -> None:
    server = await serve(echo_target)
    response = await client.fetch(("127.0.0.1", server.port), Request("GET", "/a?b=c"))
    assert server.port > 0
    assert (response.status, await read_all(response)) == (200, b"GET /a?b=c")
    await server.stop()


async def test_a_taken_port_has_an_error_of_its_own() -> None:
    server = await serve(echo_target)
    with pytest.raises(PortTaken, match=f"port {server.port} .* is taken"):
        await serve(echo_target, port=server.port)
    await server.stop()


async def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotListen, match=r"missing.*No such file"):
        await serve_unix(echo_target, tmp_path / "missing" / "s.sock")


async def test_a_unix_socket_serves_and_goes_away_with_the_server(
    tmp_path: Path, client: PooledClient
) -> None:
    path = tmp_path / "s.sock"
    server = await serve_unix(echo_target, path)
    response = await client.fetch(str(path), Request("GET", "/x"))
    assert await read_all(response) == b"GET /x"
    await server.stop()
    assert not path.exists()


async def test_a_thousand_kept_alive_requests_at_concurrency_32(client: PooledClient) -> None:
    server = await serve(echo_target)
    address = ("127.0.0.1", server.port)
    numbers = iter(range(1000))
    seen: list[bytes] = []

    async def visitor() -> None:
        for number in numbers:
            response = await client.fetch(address, Request("GET", f"/{number}"))
            seen.append(await read_all(response))

    await asyncio.gather(*(visitor() for _ in range(32)))
    assert sorted(seen) == sorted(b"GET /%d" % number for number in range(1000))
    assert server.connections <= 32
    await server.stop()


async def test_an_exception_is_a_plain_500_and_the_server_lives_on(client: PooledClient) -> None:
    async def fail(request: Request) -> Response:
        raise RuntimeError("secret detail")

    server = await serve(fail)
    for _ in range(2):
        response = await client.fetch(("127.0.0.1", server.port), Request("GET", "/"))
        assert (response.status, await read_all(response)) == (500, b"Internal Server Error")
    await server.stop()


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_an_answer_without_a_body_keeps_the_connection(
    client: PooledClient, method: str, status: int
) -> None:
    async def handler(request: Request) -> Response:
        headers = [] if status == 204 else [(b"content-length", b"5")]
        return Response(status, headers, one_chunk(b"hello"))

    server = await serve(handler)
    address = ("127.0.0.1", server.port)
    for _ in range(3):
        response = await client.fetch(address, Request(method, "/"))
        assert (response.status, await read_all(response)) == (status, b"")
        assert client.idle_connections(address) == 1
    assert server.connections == 1
    await server.stop()


async def test_a_disconnect_cancels_the_handler() -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Response:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError

    server = await serve(handler)
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    async with asyncio.timeout(WAIT_S):
        await started.wait()
        writer.close()
        await cancelled.wait()
    await server.stop()


async def test_a_disconnect_ends_the_response_body_and_frees_the_response() -> None:
    started, ended, freed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                started.set()
                yield b"x" * 65536
        finally:
            ended.set()

    async def free() -> None:
        freed.set()

    async def handler(request: Request) -> Response:
        return Response(200, [], endless(), close=free)

    server = await serve(handler)
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    async with asyncio.timeout(WAIT_S):
        await started.wait()
        writer.transport.abort()
        await ended.wait()
        await freed.wait()
    await server.stop()


async def test_a_request_body_that_breaks_off_says_so() -> None:
    result: asyncio.Future[type[BaseException]] = asyncio.get_running_loop().create_future()

    async def handler(request: Request) -> Response:
        assert request.body is not None
        try:
            async for _ in request.body:
                pass
        except BaseException as error:
            result.set_result(type(error))
            raise
        raise AssertionError

    server = await serve(handler)
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc")
    await writer.drain()
    writer.close()
    async with asyncio.timeout(WAIT_S):
        assert await result in (ClientGone, asyncio.CancelledError)
    await server.stop()


async def test_a_body_that_breaks_off_is_not_ended_as_if_it_were_whole() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"abc"
        raise RuntimeError("the instance is gone")

    async def handler(request: Request) -> Response:
        return Response(200, [], broken())

    server = await serve(handler)
    answer = await talk(server.port, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    assert b"abc" in answer
    assert b"0\r\n\r\n" not in answer
    await server.stop()


async def test_an_answer_may_come_while_the_body_is_still_being_sent() -> None:
    server = await serve(echo_target)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST /early HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\nabc")
    async with asyncio.timeout(WAIT_S):
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(11) == b"POST /early"
        writer.write(b"defGET /next HTTP/1.1\r\nhost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(9) == b"GET /next"
    writer.close()
    await writer.wait_closed()
    await server.stop()


@pytest.fixture
async def slow() -> AsyncIterator[tuple[Server, asyncio.Event, asyncio.Event]]:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Response:
        started.set()
        await go_on.wait()
        return text_response(200, "done")

    server = await serve(handler)
    yield server, started, go_on
    await server.stop()


async def test_stopping_lets_requests_end_within_the_grace(
    slow: tuple[Server, asyncio.Event, asyncio.Event], client: PooledClient
) -> None:
    server, started, go_on = slow
    fetch = asyncio.create_task(client.fetch(("127.0.0.1", server.port), Request("GET", "/")))
    await started.wait()
    stop = asyncio.create_task(server.stop(grace_s=WAIT_S))
    await asyncio.sleep(0)
    go_on.set()
    assert await read_all(await fetch) == b"done"
    async with asyncio.timeout(WAIT_S / 2):
        await stop
    assert server.connections == 0


async def test_stopping_without_grace_cancels_requests(
    slow: tuple[Server, asyncio.Event, asyncio.Event],
) -> None:
    server, started, _ = slow
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    await started.wait()
    async with asyncio.timeout(WAIT_S):
        await server.stop()
    assert server.connections == 0
    writer.close()


async def test_idle_connections_are_closed_by_stopping() -> None:
    server = await serve(echo_target)
    pairs = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(20)]
    async with asyncio.timeout(WAIT_S):
        while server.connections < 20:
            await asyncio.sleep(0)
        await server.stop()
        assert [await reader.read() for reader, _ in pairs] == [b""] * 20
    for _, writer in pairs:
        writer.close()
