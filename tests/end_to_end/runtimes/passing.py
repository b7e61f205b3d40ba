"""Behaviours of a Worker that passes requests to containers: nothing is changed on the way, nothing lost."""

from urllib.parse import urlsplit

from tests.end_to_end.programs.origin import GZIPPED, TEXT
from tests.end_to_end.runtimes.site import Behaviours, Site

behaviour = Behaviours()


@behaviour("Method, target, fields and body reach the container as sent")
async def as_sent(site: Site) -> None:
    host = urlsplit(site.url).netloc
    _, _, body = await site.raw(
        f"PUT /told/a%20b?x=1&x=2 HTTP/1.1\r\nHost: {host}\r\nX-One: 1\r\nX-One: 2\r\nCookie: a=b\r\n"
        "Accept-Language: xx\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc".encode()
    )
    import json

    told = json.loads(body)
    assert (told["method"], told["target"], told["body_bytes"]) == ("PUT", "/told/a%20b?x=1&x=2", 3)
    fields = [(name.lower(), value) for name, value in told["headers"]]
    assert [value for name, value in fields if name == "x-one"] in (["1", "2"], ["1, 2"])
    named = dict(fields)
    assert (named["host"], named["cookie"], named["accept-language"]) == (host, "a=b", "xx")
    assert "user-agent" not in named
    assert not [name for name in named if name.startswith("hybrid-tui")]


@behaviour("A 20 MiB upload streams through")
async def upload(site: Site) -> None:
    response = await site.client.post("/told", content=bytes(20 << 20))
    assert response.json()["body_bytes"] == 20 << 20


@behaviour("A new Request with other fields carries the body on; its trace is its parent's")
async def rewritten(site: Site) -> None:
    told = (await site.client.post("/rewritten", content=b"body")).json()
    fields = {name.lower(): value for name, value in told["headers"]}
    assert (told["method"], told["target"], told["body_bytes"]) == ("POST", "/told?by=worker", 4)
    assert fields["x-added"] == "by the Worker"
    event = await site.finished("/rewritten")
    assert [hop.sub_request for hop in event.trace if hop.name == "container"] == [1]


@behaviour("`new Request(request, …)` replaces the fields and keeps the body")
async def same_with_headers(site: Site) -> None:
    told = (await site.client.post("/same-with-headers", content=b"12345")).json()
    fields = {name.lower(): value for name, value in told["headers"]}
    assert (told["method"], told["body_bytes"], fields["x-only"]) == ("POST", 5, "this")


@behaviour("Three calls at once are three sub-requests of one trace")
async def three(site: Site) -> None:
    assert (await site.get("/three")).json() == ["/told/1", "/told/2", "/told/3"]
    event = await site.finished("/three")
    assert event.sub_requests == 3
    assert sorted(hop.sub_request for hop in event.trace if hop.name == "container") == [1, 2, 3]


@behaviour("A call made after a timer belongs to its request all the same")
async def later(site: Site) -> None:
    assert (await site.get("/later")).json()["target"] == "/told/later"
    assert (await site.finished("/later")).sub_requests == 1


@behaviour("A gzip answer passes byte for byte, with its length")
async def gzip(site: Site) -> None:
    host = urlsplit(site.url).netloc
    _, fields, body = await site.raw(
        f"GET /gzip HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n".encode()
    )
    assert body == GZIPPED
    assert ("content-encoding", "gzip") in fields
    assert ("content-length", str(len(GZIPPED))) in fields


@behaviour("A gzip answer with changed fields passes byte for byte")
async def changed_headers(site: Site) -> None:
    response = await site.get("/changed-headers")
    assert (response.text, response.headers["x-added"]) == (TEXT, "yes")
    assert response.headers["content-encoding"] == "gzip"


@behaviour("A gzip answer that the Worker reads is decoded", python="bytes are given as they came")
async def decoded(site: Site) -> None:
    response = await site.get("/decoded")
    assert response.text == TEXT
    assert "content-encoding" not in response.headers


@behaviour("Several `Set-Cookie` fields of the container stay several")
async def cookies(site: Site) -> None:
    response = await site.get("/cookies")
    assert response.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2; HttpOnly"]


@behaviour("A redirect goes to the visitor")
async def redirect(site: Site) -> None:
    response = await site.get("/redirect")
    assert (response.status_code, response.headers["location"]) == (302, "/landed")


@behaviour("A fresh request to a container follows redirects")
async def followed(site: Site) -> None:
    assert (await site.get("/followed")).json()["target"] == "/landed"


@behaviour("Status without body, and the length in an answer to HEAD, are kept")
async def bodiless(site: Site) -> None:
    for status in (204, 304):
        response = await site.get(f"/status/{status}")
        assert (response.status_code, response.headers["x-said"], response.content) == (status, "yes", b"")
    response = await site.client.head("/large")
    assert (response.headers["content-length"], response.content) == ("123456", b"")


@behaviour("A container's answer streams through part by part")
async def streamed(site: Site) -> None:
    async with site.client.stream("GET", "/held?passed") as response:
        parts = response.aiter_text()
        assert await anext(parts) == "first"
        assert (await site.get("/open?passed")).text == "opened"
        assert "".join([part async for part in parts]) == "second"


@behaviour("A WebSocket passes through to the container")
async def socket(site: Site) -> None:
    from websockets.asyncio.client import connect

    async with connect(site.url.replace("http", "ws") + "/passed-socket", max_size=None) as socket:
        for message in ("text", b"bytes", "x" * 300_000, bytes(2_000_000)):
            await socket.send(message)
            assert await socket.recv() == message


@behaviour("A Worker speaks WebSocket with a container", python="the Python SDK here has no WebSocket client")
async def socket_inside(site: Site) -> None:
    assert (await site.get("/socket-inside")).text == "through the Worker"
