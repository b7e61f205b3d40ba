"""The way out: who may be reached, how bytes pass, and what the Worker is told when it cannot."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from core.edge.outbound import Outbound, OutboundPolicy, is_public
from core.http.errors import BodyLost
from core.http.messages import Request, Response, find_header, text_response
from core.http.server import serve
from core.worker.runtime import CallRefused
from tests.core.edge.world import body_of, chunks

Handler = Callable[[Request], Awaitable[Response]]


@asynccontextmanager
async def neighbour(handler: Handler) -> AsyncIterator[str]:
    """Run a server on this machine; gives its host and port."""
    server = await serve(handler)
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        await server.stop()


@asynccontextmanager
async def way_out(policy: OutboundPolicy) -> AsyncIterator[Outbound]:
    """Give a way out, and close it."""
    outbound = Outbound(policy)
    try:
        yield outbound
    finally:
        await outbound.close()


async def hello(_request: Request) -> Response:
    """Answer as a server that the Worker calls."""
    return text_response(200, "neighbour")


def refusal(policy: OutboundPolicy, url: str) -> str:
    """Return with which words a fetch is refused; fails when it is not."""

    async def main() -> str:
        async with way_out(policy) as outbound:
            with pytest.raises(CallRefused) as caught:
                await outbound.fetch(Request("GET", url))
            return str(caught.value)

    return asyncio.run(main())


async def test_a_listed_server_of_this_machine_is_reached_with_or_without_its_port() -> None:
    async with neighbour(hello) as place:
        for policy in ([place], ["127.0.0.1"], ["internet", place]):
            async with way_out(policy) as outbound:
                response = await outbound.fetch(Request("GET", f"http://{place}/path?query"))
                assert (response.status, await body_of(response)) == (200, b"neighbour")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "[fe80::1]"],
)
def test_this_machine_and_private_networks_are_no_internet(host: str) -> None:
    said = refusal("internet", f"http://{host}:9/")
    assert "is refused" in said
    assert ":9" in said
    assert "worker.outbound" in said


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("1.1.1.1", True),
        ("2606:4700::1111", True),
        ("172.16.0.1", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("fc00::1", False),
        ("fe80::1%eth0", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:1.1.1.1", True),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_an_address_is_public_only_when_all_within_it_is(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_port_that_is_not_listed_is_refused() -> None:
    said = refusal(["127.0.0.1:1"], "http://127.0.0.1:2/")
    assert 'does not list "127.0.0.1"' in said


@pytest.mark.parametrize(
    ("policy", "said"), [("none", "is none"), ((), "does not list"), ("simulated", "has no outside")]
)
def test_who_may_reach_nobody_is_told_why(policy: OutboundPolicy, said: str) -> None:
    assert said in refusal(policy, "https://example.com/")


@pytest.mark.parametrize(
    "url", ["", "/path", "ftp://example.com/", "http://", "http://a:99999/", "http://ä/"]
)
def test_what_is_no_url_of_the_web_is_refused(url: str) -> None:
    assert "no http:// or https:// URL" in refusal("internet", url)


def test_credentials_in_a_url_are_refused_and_not_told() -> None:
    said = refusal("internet", "https://user:hunter2@example.com/")
    assert "credentials" in said
    assert "hunter2" not in said


def test_a_websocket_to_the_outside_is_refused() -> None:
    async def main() -> None:
        async with way_out("internet") as outbound:
            fields = [(b"upgrade", b"websocket"), (b"connection", b"Upgrade")]
            with pytest.raises(CallRefused, match="WebSocket"):
                await outbound.fetch(Request("GET", "https://example.com/", fields))

    asyncio.run(main())


async def test_a_name_is_checked_by_the_address_that_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that turns from a public address to one of this machine gets nowhere."""
    loop = asyncio.get_running_loop()
    looked_up: list[str] = []

    async def rebound(host: str, port: int, **_: object) -> list[object]:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(loop, "getaddrinfo", rebound)
    async with way_out("internet") as outbound:
        with pytest.raises(CallRefused, match=r"rebound\.example:80 is refused: 127\.0\.0\.1"):
            await outbound.fetch(Request("GET", "http://rebound.example/"))
    assert looked_up == ["rebound.example"]


async def test_bytes_pass_as_they_are_and_redirects_are_not_followed() -> None:
    packed = gzip.compress(b"x" * 1000)
    seen: list[Request] = []

    async def answer(request: Request) -> Response:
        seen.append(request)
        fields = [
            (b"content-encoding", b"gzip"),
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
            (b"location", b"/elsewhere"),
            (b"content-length", str(len(packed)).encode()),
        ]
        return Response(302, fields, chunks(packed))

    async with neighbour(answer) as place, way_out([place]) as outbound:
        for _ in range(2):
            fields = [(b"x-own", b"1"), (b"host", b"wrong"), (b"connection", b"x-hop"), (b"x-hop", b"1")]
            response = await outbound.fetch(Request("GET", f"http://{place}/", fields))
            assert response.status == 302
            assert [value for name, value in response.headers if name == b"set-cookie"] == [b"a=1", b"b=2"]
            assert find_header(response.headers, b"content-encoding") == b"gzip"
            assert await body_of(response) == packed
    names = [name for name, _ in seen[1].headers]
    assert names == [b"host", b"x-own"]
    assert seen[1].header(b"host") == place.encode()


@pytest.mark.parametrize("fields", [[], [(b"content-length", b"6")]])
async def test_a_body_is_streamed_with_or_without_its_length(fields: list[tuple[bytes, bytes]]) -> None:
    async def echo(request: Request) -> Response:
        assert request.body is not None
        return text_response(200, b"".join([chunk async for chunk in request.body]).decode())

    async with neighbour(echo) as place, way_out([place]) as outbound:
        response = await outbound.fetch(Request("POST", f"http://{place}/", fields, chunks(b"one", b"two")))
        assert await body_of(response) == b"onetwo"


async def test_a_post_without_a_body_says_so() -> None:
    async def length(request: Request) -> Response:
        return text_response(200, repr(request.header(b"content-length")))

    async with neighbour(length) as place, way_out([place]) as outbound:
        response = await outbound.fetch(Request("POST", f"http://{place}/"))
        assert await body_of(response) == b"b'0'"


async def test_a_server_that_is_not_there_is_a_lost_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
    async with way_out(["127.0.0.1"]) as outbound:
        with pytest.raises(CallRefused, match=r"^Network connection lost\."):
            await outbound.fetch(Request("GET", f"http://127.0.0.1:{port}/"))


async def test_an_answer_that_breaks_off_breaks_its_body() -> None:
    async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(breaks, "127.0.0.1", 0)
    async with server, way_out(["127.0.0.1"]) as outbound:
        port = server.sockets[0].getsockname()[1]
        response = await outbound.fetch(Request("GET", f"http://127.0.0.1:{port}/"))
        with pytest.raises(BodyLost, match=r"^Network connection lost\."):
            await body_of(response)
