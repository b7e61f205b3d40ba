"""Print what Workers cost under each runtime, and what breaking a limit does to others.

``python -m tests.bench.workers [runtime …]``. Three parts: from nothing to an isolate's first answer; the
time that edge and Worker add to a container's answer, one connection, against the same container asked
directly in turn; and a load before, during and after an endless loop and two kinds of memory hog.
One run compares with itself only.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx

from core.clock import RealClock
from core.events.bus import EventBus
from core.events.types import InstanceChanged, RequestFinished
from core.http.client import PooledClient
from core.http.messages import Request, Response, text_response
from core.model.load import load_deployment
from core.runtimes import make_runtime
from core.worker.runtime import SubRequest
from tests.end_to_end.programs.addresses import address_of
from tests.end_to_end.runtimes.site import Site, site, write_project
from tests.end_to_end.runtimes.table import RUNTIMES

STARTS = 7
BLOCKS, BLOCK = 20, 100
VISITORS = 16
CALM_S = 2.0
BREACHES = ("/loop", "/loop-later", "/hog", "/hog-bytes")


async def first_answer_ms(runtime: str) -> float:
    """Return the time from nothing to an isolate's first answer."""

    async def binding(_: SubRequest, __: Request) -> Response:
        return text_response(200, "")

    with tempfile.TemporaryDirectory() as folder:
        project = write_project(Path(folder) / "project", runtime)
        made = make_runtime(load_deployment(project), binding, EventBus(RealClock()))
        started_s = time.perf_counter()
        await made.start()
        await made.fetch("t1", Request("GET", "/text", [(b"host", b"a")]))
        passed_ms = (time.perf_counter() - started_s) * 1000
        await made.stop()
    return passed_ms


async def ask(client: PooledClient, address: tuple[str, int], path: str) -> float:
    """Ask once and return the time in milliseconds."""
    started_s = time.perf_counter()
    response = await client.fetch(address, Request("GET", path, [(b"host", b"a")]))
    if response.body is not None:
        async for _ in response.body:
            pass
    return (time.perf_counter() - started_s) * 1000


async def added_ms(running: Site) -> tuple[float, float, float]:
    """Return medians: the container asked directly, asked through the edge, and the Worker's part alone."""
    await running.get("/told")
    started = await running.running.wait_for(InstanceChanged, lambda one: one.state == "ready")
    direct = address_of(running.running.process.pid, "origin.py")
    address = ("127.0.0.1", int(running.url.rpartition(":")[2]))
    client = PooledClient()
    plain: list[float] = []
    through: list[float] = []
    for _ in range(BLOCKS):
        plain += [await ask(client, direct, "/told") for _ in range(BLOCK)]
        through += [await ask(client, address, "/told") for _ in range(BLOCK)]
    await client.close()
    assert started.container == "origin"
    finished = await running.running.wait_for_count(RequestFinished, BLOCKS * BLOCK)
    hops = [{hop.name: hop.duration_ms for hop in one.trace} for one in finished[1:]]
    return (
        statistics.median(plain),
        statistics.median(through),
        statistics.median(hop["worker"] - hop["container"] for hop in hops),
    )


async def under_load(running: Site, path: str) -> list[str]:
    """Return a row for each of before, during and after a request that breaks a limit."""
    rows = []
    for when in ("before", "during", "after"):
        times: list[float] = []
        statuses: Counter[int] = Counter()
        until_s = time.perf_counter() + CALM_S
        breach = asyncio.create_task(running.get(path)) if when == "during" else None

        async def visitor(until_s: float, times: list[float], statuses: Counter[int]) -> None:
            while time.perf_counter() < until_s:
                started_s = time.perf_counter()
                response = await running.get("/told")
                times.append((time.perf_counter() - started_s) * 1000)
                statuses[response.status_code] += 1

        await asyncio.gather(*(visitor(until_s, times, statuses) for _ in range(VISITORS)))
        own = f"{(await breach).status_code} {(await breach).text}" if breach else ""
        ordered = sorted(times)
        rows.append(
            f"| {path} {when} | {len(times)} | {dict(statuses)} | {statistics.median(times):.1f} "
            f"| {ordered[int(len(ordered) * 0.99)]:.1f} | {ordered[-1]:.1f} | {own} |"
        )
    return rows


async def main(runtimes: list[str]) -> None:
    """Measure each runtime."""
    print("Medians in ms: first answer of a new isolate; a container directly, through edge and Worker\n")
    print("| runtime | first answer | directly | through | the Worker's own part |\n|---|---|---|---|---|")
    for runtime in runtimes:
        cold_ms = statistics.median([await first_answer_ms(runtime) for _ in range(STARTS)])
        with tempfile.TemporaryDirectory() as folder:
            async with site(Path(folder), runtime) as running:
                plain_ms, through_ms, hop_ms = await added_ms(running)
        print(f"| {runtime} | {cold_ms:.0f} | {plain_ms:.2f} | {through_ms:.2f} | {hop_ms:.2f} |")
    for runtime in runtimes:
        print(f"\n{runtime}: {VISITORS} visitors of a container, 1 s of CPU time allowed\n")
        print("| when | requests | statuses | p50 ms | p99 ms | worst ms | the request itself |")
        print("|---|---|---|---|---|---|---|")
        with tempfile.TemporaryDirectory() as folder:
            async with site(Path(folder), runtime, "cpu_ms = 1000") as running:
                running.client.timeout = httpx.Timeout(60.0)
                await running.get("/told")
                for path in BREACHES:
                    print("\n".join(await under_load(running, path)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or list(RUNTIMES)))
