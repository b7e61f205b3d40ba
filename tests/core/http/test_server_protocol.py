"""The server's reading and writing, byte by byte: limits, targets, pipelining, expectations, old versions."""

import asyncio

import pytest

from core.http.client import PooledClient
from core.http.messages import Request, Response, one_chunk, text_response
from core.http.server import serve
from tests.core.http.talking import WAIT_S, echo_body, echo_target, read_all, talk


async def test_pipelined_requests_are_answered_in_order() -> None:
    server = await serve(echo_target)
    answer = await talk(
        server.port,
        b"GET /1 HTTP/1.1\r\nhost: a\r\n\r\nGET /2 HTTP/1.1\r\nhost: a\r\n\r\n"
        b"GET /3 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    )
    assert [answer.find(b"GET /%d" % number) > 0 for number in (1, 2, 3)] == [True] * 3
    assert answer.find(b"GET /1") < answer.find(b"GET /2") < answer.find(b"GET /3")
    await server.stop()


async def test_a_broken_pipelined_request_waits_for_the_answer_before_it() -> None:
    server = await serve(echo_target)
    answer = await talk(server.port, b"GET /1 HTTP/1.1\r\nhost: a\r\n\r\nNOT HTTP\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"GET /1")
    await server.stop()


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"a" * 140_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"a" * 300_000, b"431"),
        (b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 30_000 + b"\r\n", b"431"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", b"400"),
        (b"CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n", b"400"),
    ],
    ids=["url", "one field", "unfinished field", "many fields", "nonsense", "smuggling", "connect"],
)
async def test_what_is_too_large_or_broken_is_refused(request_bytes: bytes, status: bytes) -> None:
    server = await serve(echo_target)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request_bytes)
    async with asyncio.timeout(WAIT_S):
        line = await reader.readline()
    assert line.split(b" ")[1] == status
    writer.transport.abort()
    await server.stop()


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("OPTIONS * HTTP/1.1", b"OPTIONS *"),
        ("GET //a//b HTTP/1.1", b"GET //a//b"),
        ("GET /%C3%BC?q=%C3%B6 HTTP/1.1", b"GET /%C3%BC?q=%C3%B6"),
        ("GET http://other:80/x?y HTTP/1.1", b"GET /x?y"),
        ("GET /a?#part HTTP/1.1", b"GET /a?"),
        ("GET /%zz|{}? HTTP/1.1", b"GET /%zz|{}?"),
    ],
)
async def test_targets_come_as_they_were_written(line: str, seen: bytes) -> None:
    server = await serve(echo_target)
    answer = await talk(server.port, line.encode() + b"\r\nhost: a\r\nconnection: close\r\n\r\n")
    assert answer.partition(b"\r\n\r\n")[2] == seen
    await server.stop()


async def test_a_url_of_16_kb_and_fields_of_100_kb_pass(client: PooledClient) -> None:
    server = await serve(echo_target)
    target = "/" + "a" * (16 * 1024 - 1)
    request = Request("GET", target, [(b"x", b"b" * 100 * 1024)])
    response = await client.fetch(("127.0.0.1", server.port), request)
    assert await read_all(response) == b"GET " + target.encode()
    await server.stop()


async def test_trailers_do_not_become_fields_of_the_request() -> None:
    seen: list[Request] = []

    async def handler(request: Request) -> Response:
        assert request.body is not None
        body = b"".join([chunk async for chunk in request.body])
        seen.append(request)
        return text_response(200, body.decode())

    server = await serve(handler)
    answer = await talk(
        server.port,
        b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n0\r\nx-admin: yes\r\n\r\n",
    )
    assert answer.endswith(b"abc")
    assert seen[0].header(b"x-admin") is None
    await server.stop()


async def test_100_continue_comes_before_an_answer_that_streams_the_body_back() -> None:
    server = await serve(echo_body)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
    async with asyncio.timeout(WAIT_S):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ab")
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        assert await reader.readuntil(b"0\r\n\r\n") == b"2\r\nab\r\n0\r\n\r\n"
    writer.close()
    await writer.wait_closed()
    await server.stop()


async def test_a_refused_body_is_not_asked_for_and_the_connection_closes() -> None:
    async def refuse(request: Request) -> Response:
        return text_response(413, "too large")

    server = await serve(refuse)
    answer = await talk(
        server.port, b"POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer
    await server.stop()


async def test_http_1_0_gets_no_chunks_and_a_closed_connection() -> None:
    async def handler(request: Request) -> Response:
        return Response(200, [], one_chunk(b"hello"))

    server = await serve(handler)
    answer = await talk(server.port, b"GET / HTTP/1.0\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert body == b"hello"
    assert b"transfer-encoding" not in head
    await server.stop()


@pytest.mark.parametrize("body", [b"", b"abc"])
async def test_an_upgrade_to_http2_is_read_as_an_ordinary_request(body: bytes) -> None:
    server = await serve(echo_body)
    answer = await talk(
        server.port,
        b"POST /up HTTP/1.1\r\nhost: a\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n"
        b"http2-settings: AAMAAABk\r\ncontent-length: %d\r\n\r\n%b"
        b"GET /next HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n" % (len(body), body),
    )
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert body in answer
    await server.stop()
