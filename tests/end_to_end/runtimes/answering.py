"""Behaviours of a Worker that answers by itself."""

import pytest

from core.events.types import RequestFinished
from tests.end_to_end.runtimes.site import SECRET, Behaviours, Site

behaviour = Behaviours()
NO_CLASS_SYNTAX = "Python has one way to declare a Worker"


@behaviour("A Worker answers by itself: text, JSON, no body")
async def answers(site: Site) -> None:
    assert (await site.get("/text")).text == "plain"
    response = await site.get("/json")
    assert response.json() == {"greeting": "hello", "secret": len(SECRET)}
    assert response.headers["content-type"].startswith("application/json")
    assert (await site.get("/status")).status_code == 204
    event = await site.finished("/text")
    assert (event.outcome, event.region, event.isolate > 0) == ("edge", "", True)


@behaviour("Modules beside the Worker's file are imported")
async def modules(site: Site) -> None:
    assert (await site.get("/module")).text == "IMPORTED!"


@behaviour("JSON and text files are imported as modules", python="a Python Worker reads no such modules")
async def data_modules(site: Site) -> None:
    assert (await site.get("/data")).json() == ["a file of data", "<p>`a` file of ${text}</p>\n"]


@behaviour("`env` can be imported as well", python="a Python Worker finds it in `self.env`")
async def module_env(site: Site) -> None:
    assert (await site.get("/module-env")).text == "hello"


@behaviour("`request.cf` tells the edge location", python="`request.cf` is not there; the header `cf-ray` is")
async def cf(site: Site) -> None:
    response = await site.get("/cf", headers={"X-Visitor-City": "Tokyo"})
    assert response.json()["colo"] == "NRT"
    assert response.json()["ray"].endswith("-NRT")


@behaviour("A request's body is read whole, 1 MiB")
async def body(site: Site) -> None:
    response = await site.client.post("/body", content=bytes(1 << 20))
    assert response.text == str(1 << 20)
    assert (await site.finished("/body")).request_bytes == 1 << 20


@behaviour("Several `Set-Cookie` fields of the Worker stay several")
async def own_cookies(site: Site) -> None:
    assert (await site.get("/cookies-own")).headers.get_list("set-cookie") == ["x=1", "y=2"]


@behaviour("A stream made by the Worker arrives whole")
async def stream(site: Site) -> None:
    assert (await site.get("/stream")).text == "one two three"


@behaviour("A stream made by the Worker arrives part by part")
async def held_stream(site: Site) -> None:
    async with site.client.stream("GET", "/own-held") as response:
        parts = response.aiter_text()
        assert await anext(parts) == "first"
        assert (await site.get("/open?own")).text == "opened"
        assert "".join([part async for part in parts]) == "second"


@behaviour("Work goes on after the answer (`waitUntil`)")
async def wait_until(site: Site) -> None:
    assert (await site.get("/wait-until")).text == "answered"
    for _ in range(100):
        if (await site.get("/count?noted")).text == "1":
            return
    raise AssertionError("the call never reached the container")


@behaviour("CPU time of a request is told, and whether it is exact or shared out")
async def cpu(site: Site) -> None:
    assert (await site.get("/busy")).text == "busy true"
    event = await site.finished("/busy")
    assert 10.0 < event.worker_cpu_ms < 2000.0  # so much work, however busy the machine is
    assert event.worker_cpu_kind == "measured"


@behaviour("What the Worker logs is tied to its request")
async def logs(site: Site) -> None:
    await site.get("/log")
    event, line = await site.finished("/log"), await site.logged("said")
    assert line.trace_id == event.trace_id
    assert "nested" in line.message


@behaviour("Secrets and credentials are redacted in logs, errors and events")
async def secrets(site: Site) -> None:
    await site.get("/log", headers={"authorization": "Bearer abcdef123456"})
    response = await site.get("/log-secret")
    assert (response.status_code, response.text) == (500, "error code: 1101")
    await site.logged("the token is [")
    await site.running.wait_for(RequestFinished, lambda one: one.path == "/log-secret")
    await site.logged("authorization [")
    assert (await site.get("/secret-name")).status_code == 200
    told = repr(site.running.events) + "".join(site.running.errors)
    assert SECRET not in told
    assert "abcdef123456" not in told


@behaviour("A cron trigger calls `scheduled`")
async def scheduled(site: Site) -> None:
    response = await site.get("/cdn-cgi/handler/scheduled?cron=*/5+*+*+*+*&time=1700000000000")
    assert response.status_code == 200
    assert (await site.logged("cron: ")).message == "cron: */5 * * * * 1700000000000"


@behaviour(
    "A WebSocket ends in the Worker (`WebSocketPair`)", python="the Python SDK here has no WebSocketPair"
)
async def own_socket(site: Site) -> None:
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed

    assert (await site.get("/socket")).status_code == 426
    async with connect(site.url.replace("http", "ws") + "/socket") as socket:
        await socket.send("hi")
        assert await socket.recv() == "worker: hi"
        await socket.send(bytes(100_000))
        assert await socket.recv() == bytes(100_000)
        await socket.send("close")
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "as asked")
