"""One client connection: framings, fields, errors and bodies, against a server whose bytes are given."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.http.client import PooledClient
from core.http.errors import BodyLost, ConnectionLost, RequestBodyFailed
from core.http.messages import Request, one_chunk
from tests.core.http.raw_server import OK, WAIT_S, RawServer, answers, read_all


async def test_fields_pass_byte_for_byte_in_order(raw: RawServer, client: PooledClient) -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nX-Second: b\r\nx-First:  a \r\nSet-Cookie: 1\r\nSet-Cookie: 2\r\n"
        b"Content-Length: 0 \r\n\r\n"
    )
    address = await raw.start(answers(raw, answer))
    fields = [(b"Host", b"shop.example"), (b"X-B", b"\xe9"), (b"x-a", b"1"), (b"X-B", b"2")]
    response = await client.fetch(address, Request("GET", "/p?q=%20", fields))
    assert raw.heads[0] == (
        b"GET /p?q=%20 HTTP/1.1\r\nHost: shop.example\r\nX-B: \xe9\r\nx-a: 1\r\nX-B: 2\r\n\r\n"
    )
    assert response.headers == [
        (b"X-Second", b"b"),
        (b"x-First", b"a"),
        (b"Set-Cookie", b"1"),
        (b"Set-Cookie", b"2"),
        (b"Content-Length", b"0"),
    ]


async def test_fields_of_the_connection_do_not_pass(raw: RawServer, client: PooledClient) -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Private\r\nKeep-Alive: timeout=5\r\nX-Private: 1\r\n"
        b"Upgrade: h2c\r\nX-Kept: 1\r\ncontent-length: 2\r\n\r\nok"
    )
    address = await raw.start(answers(raw, answer))
    fields = [
        (b"Connection", b"keep-alive, X-Drop"),
        (b"X-Drop", b"1"),
        (b"TE", b"trailers"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Proxy-Authorization", b"secret"),
        (b"Upgrade", b"h2c"),
        (b"Expect", b"100-continue"),
        (b"X-Kept", b"1"),
    ]
    response = await client.fetch(address, Request("GET", "/", fields))
    assert raw.heads[0] == b"GET / HTTP/1.1\r\nX-Kept: 1\r\nhost: 127.0.0.1:%d\r\n\r\n" % raw.port
    assert response.headers == [(b"X-Kept", b"1"), (b"content-length", b"2")]
    assert await read_all(response) == b"ok"


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/ HTTP/1.1\r\nx: y"),
        Request("GET", ""),
        Request("GE T", "/"),
        Request("GET", "/", [(b"x", b"a\r\ny: b")]),
        Request("GET", "/", [(b"x", b"a\ny: b")]),
        Request("POST", "/", [(b"content-length", b"-1")], one_chunk(b"a")),
    ],
    ids=["target", "no target", "method", "line break", "line feed", "length"],
)
async def test_a_request_that_would_break_the_framing_is_not_sent(
    raw: RawServer, client: PooledClient, request_: Request
) -> None:
    address = await raw.start(answers(raw, OK))
    with pytest.raises(ValueError, match=r"not a valid|line break|content-length"):
        await client.fetch(address, request_)
    assert raw.heads == []


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
            b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\nX-T: 1\r\n\r\n",
            b"abc",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 10\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", b""),
    ],
    ids=["chunked with trailers", "1xx before", "204", "304", "empty"],
)
async def test_framings_that_keep_the_connection(
    raw: RawServer, client: PooledClient, answer: bytes, body: bytes
) -> None:
    address = await raw.start(answers(raw, answer, answer, OK))
    for _ in range(2):
        response = await client.fetch(address, Request("GET", "/"))
        assert await read_all(response) == body
        assert (b"X-T", b"1") not in response.headers
    assert await read_all(await client.fetch(address, Request("GET", "/"))) == b"ok"
    assert raw.connections == 1


async def test_a_head_request_keeps_the_length_and_the_connection(
    raw: RawServer, client: PooledClient
) -> None:
    head_answer = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    address = await raw.start(answers(raw, head_answer, chunked, OK))
    response = await client.fetch(address, Request("HEAD", "/"))
    assert (response.body, response.headers) == (None, [(b"content-length", b"1000")])
    assert (await client.fetch(address, Request("HEAD", "/"))).body is None
    assert await read_all(await client.fetch(address, Request("GET", "/"))) == b"ok"
    assert raw.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\nto the end",
        b"HTTP/1.0 200 OK\r\ncontent-length: 10\r\n\r\nto the end",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 10\r\n\r\nto the end",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nto the endand more than that",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 10\r\n\r\nto the endand more",
    ],
    ids=["until close", "HTTP/1.0", "connection: close", "more than announced", "more after close"],
)
async def test_framings_that_end_the_connection(raw: RawServer, client: PooledClient, answer: bytes) -> None:
    address = await raw.start(answers(raw, answer, close=True))
    assert await read_all(await client.fetch(address, Request("GET", "/"))) == b"to the end"
    async with asyncio.timeout(WAIT_S):
        await raw.closed.wait()
    assert client.idle_connections(address) == 0


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nconte", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nx: " + b"a" * 300_000],
    ids=["nothing", "half a head", "not HTTP", "endless head"],
)
async def test_losing_the_connection_before_the_headers(
    raw: RawServer, client: PooledClient, answer: bytes
) -> None:
    address = await raw.start(answers(raw, answer, close=True))
    with pytest.raises(ConnectionLost):
        await client.fetch(address, Request("GET", "/"))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nZZ\r\n",
    ],
    ids=["measured", "chunked", "broken chunk"],
)
async def test_losing_the_connection_in_the_body(raw: RawServer, client: PooledClient, answer: bytes) -> None:
    address = await raw.start(answers(raw, answer, close=True))
    response = await client.fetch(address, Request("GET", "/"))
    assert response.body is not None
    assert await anext(response.body) == b"abc"
    with pytest.raises(BodyLost):
        await anext(response.body)


async def chunks(*data: bytes) -> AsyncIterator[bytes]:
    for one in data:
        yield one


@pytest.mark.parametrize(
    ("fields", "wire"),
    [
        ([(b"content-length", b"5")], b"content-length: 5\r\nhost: a\r\n\r\nabcde"),
        ([], b"host: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"),
    ],
    ids=["measured", "chunked"],
)
async def test_a_body_goes_as_announced(
    raw: RawServer, client: PooledClient, fields: list[tuple[bytes, bytes]], wire: bytes
) -> None:
    received = b""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        received = await reader.readexactly(len(b"POST / HTTP/1.1\r\n") + len(wire))
        writer.write(OK)
        await reader.read()

    address = await raw.start(script)
    request = Request("POST", "/", [*fields, (b"host", b"a")], chunks(b"ab", b"", b"cde"))
    assert await read_all(await client.fetch(address, request)) == b"ok"
    assert received == b"POST / HTTP/1.1\r\n" + wire
    assert client.idle_connections(address) == 1


@pytest.mark.parametrize("data", [b"abc", b"abcdefgh"], ids=["too short", "too long"])
async def test_a_body_that_is_not_as_long_as_announced_fails(
    raw: RawServer, client: PooledClient, data: bytes
) -> None:
    address = await raw.start(answers(raw, b""))
    with pytest.raises(RequestBodyFailed, match="content-length of 5"):
        await client.fetch(address, Request("POST", "/", [(b"content-length", b"5")], chunks(data)))


async def test_a_body_that_breaks_off_fails_the_request_and_closes(
    raw: RawServer, client: PooledClient
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"abc"
        raise ConnectionResetError("the visitor left")

    address = await raw.start(answers(raw, b""))
    with pytest.raises(RequestBodyFailed, match="the visitor left"):
        await client.fetch(address, Request("POST", "/", [], broken()))
    async with asyncio.timeout(WAIT_S):
        await raw.closed.wait()


async def test_an_answer_before_the_end_of_the_body_ends_the_upload(
    raw: RawServer, client: PooledClient
) -> None:
    ended = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65_536
        finally:
            ended.set()

    address = await raw.start(answers(raw, b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno"))
    response = await client.fetch(address, Request("POST", "/", [], endless()))
    assert (response.status, await read_all(response)) == (413, b"no")
    async with asyncio.timeout(WAIT_S):
        await ended.wait()
    assert client.idle_connections(address) == 0


async def test_a_switch_of_protocols_that_nobody_asked_for_is_refused(
    raw: RawServer, client: PooledClient
) -> None:
    answer = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"
    address = await raw.start(answers(raw, answer))
    with pytest.raises(ConnectionLost, match="nobody asked"):
        await client.fetch(address, Request("GET", "/"))
