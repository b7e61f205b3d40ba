"""Behaviours of a Worker that fails, or tries what it may not: it gets the platform's own answers."""

import os

import httpx
import pytest

from core.events.types import RequestFinished
from tests.end_to_end.runtimes.site import Behaviours, Site

behaviour = Behaviours()
TRUSTED = "a Python Worker is trusted code: it runs as the user"


async def fails_with_1101(site: Site, path: str, reason: str) -> None:
    response = await site.get(path)
    assert (response.status_code, response.text) == (500, "error code: 1101")
    event = await site.finished(path)
    assert event.outcome == "error"
    assert reason in event.error


@behaviour("An uncaught exception: 1101, the stack in the log and not in the answer")
async def throws(site: Site) -> None:
    await fails_with_1101(site, "/throw", "a secret of the Worker")
    await fails_with_1101(site, "/reject", "rejected late")
    stack = (await site.logged("a secret of the Worker")).message
    assert "suite." in stack
    assert "\n" in stack


@behaviour("An answer that is no Response: 1101")
async def no_response(site: Site) -> None:
    await fails_with_1101(site, "/nothing", "Response")
    await fails_with_1101(site, "/no-response", "Response")


@behaviour("A binding that is not there: 1101")
async def no_binding(site: Site) -> None:
    await fails_with_1101(site, "/no-binding", "")


@behaviour("An exception after the headers: the answer breaks off")
async def breaks(site: Site) -> None:
    with pytest.raises(httpx.HTTPError):
        await site.get("/break")
    event = await site.running.wait_for(RequestFinished, lambda one: one.path == "/break")
    assert event.outcome == "error"
    await site.logged("broke while streaming")


@behaviour("Sub-requests past the limit are refused")
async def many(site: Site) -> None:
    told = (await site.get("/many")).json()
    assert told["done"] == 50
    assert told["error"].lower().find("too many subrequests") >= 0


@behaviour("Files, processes, sockets and code from strings are refused", python=TRUSTED)
async def sandbox(site: Site) -> None:
    tried = (await site.get("/read-file")).json()
    assert len(tried) == 6
    assert not [one for one in tried.values() if not one.startswith("refused")], tried


@behaviour("The environment of the engine's process is out of sight", python=TRUSTED)
async def environment(site: Site) -> None:
    seen = (await site.get("/environment")).json()
    assert not {"PATH", "HYBRID_TUI_STATE"} & set(seen), seen
    assert os.environ["PATH"] not in seen.values()


@behaviour("`fetch` reaches the outside as far as `outbound` allows")
async def outside(site: Site) -> None:
    allowed = await site.get(f"/outside?url=http://127.0.0.1:{site.open_port}/")
    assert allowed.text == "200 neighbour"
    refused = await site.get("/outside?url=http://127.0.0.2:1/")
    assert refused.text.startswith("refused: ")


@behaviour("A visitor who leaves is told to the Worker, and to the console")
async def leaves(site: Site) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await site.get("/held?never", timeout=httpx.Timeout(10.0, read=0.2))
    await site.running.wait_for(RequestFinished, lambda one: one.outcome == "canceled")


@behaviour("A URL, fields or body beyond the limits: 414, 431, 413")
async def limits(site: Site) -> None:
    assert (await site.get("/text?" + "x" * 16_500)).status_code == 414
    assert (await site.get("/text", headers={"x-long": "x" * 132_000})).status_code == 431
    response = await site.client.post("/text", content=b"", headers={"content-length": "0"})
    assert response.status_code == 200
    line, _, _ = await site.raw(
        b"POST /text HTTP/1.1\r\nHost: a\r\nContent-Length: 100000001\r\nConnection: close\r\n\r\n"
    )
    assert " 413 " in f"{line} "
