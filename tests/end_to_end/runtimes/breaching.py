"""Behaviours at the limits of CPU time and memory: who breaks one fails with 1102, and others live."""

import asyncio

from core.events.types import RequestFinished, WorkerChanged
from tests.end_to_end.runtimes.site import Behaviours, Site

behaviour = Behaviours()
ALL_AT_IT = "all requests at the isolate fail with it: workerd does not tell whose code runs"


async def breaches(site: Site, path: str) -> None:
    """Ask for the path while others go on; it alone must fail, with 1102, and the next request must not."""
    others = asyncio.create_task(keep_asking(site))
    response = await site.get(path)
    assert (response.status_code, response.text) == (503, "error code: 1102")
    assert (await site.get("/text")).text == "plain"
    others.cancel()
    statuses = await others
    assert set(statuses) <= {200}, statuses
    event = await site.finished(path)
    assert event.outcome == "error"
    assert await site.running.wait_for(WorkerChanged, lambda one: one.state == "failed")


async def keep_asking(site: Site) -> list[int]:
    """Ask for what the Worker answers and what the container answers, in turn, until cancelled."""
    statuses: list[int] = []
    try:
        while True:
            statuses.append((await site.get("/text")).status_code)
            statuses.append((await site.get("/told")).status_code)
    except asyncio.CancelledError:
        return statuses


@behaviour("An endless loop: 1102 for its request alone", workerd=ALL_AT_IT)
async def loop(site: Site) -> None:
    await breaches(site, "/loop")


@behaviour("An endless loop after a call of a container: 1102 for its request alone", workerd=ALL_AT_IT)
async def loop_later(site: Site) -> None:
    await breaches(site, "/loop-later")


@behaviour("Objects without end: 1102 for its request alone", workerd=ALL_AT_IT)
async def hog(site: Site) -> None:
    await breaches(site, "/hog")


@behaviour("Buffers without end: 1102 for its request alone", workerd=ALL_AT_IT)
async def hog_bytes(site: Site) -> None:
    await breaches(site, "/hog-bytes")


@behaviour("After a breach a fresh isolate answers")
async def recovers(site: Site) -> None:
    response = await site.get("/loop")
    assert (response.status_code, response.text) == (503, "error code: 1102")
    assert (await site.get("/text?after")).text == "plain"
    broken = [one.isolate for one in site.running.all(WorkerChanged) if one.state == "failed"][-1]
    answered = await site.running.wait_for(RequestFinished, lambda one: one.isolate not in (0, broken))
    assert answered.status == 200
