"""The whole path under load: one cold start, no error, no lost trace, flat memory, WebSockets."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from websockets.asyncio.client import connect

from core.events.types import ColdStart, RequestFinished
from core.http.client import PooledClient
from core.http.messages import Request
from tests.end_to_end.projects import write_project
from tests.end_to_end.running import Running, up

REQUESTS = 1000
CONCURRENCY = 32
GIB = 1 << 30
ROOM_MIB = 48
"""How much the engine's resident memory may grow while a body passes that is twenty times as large."""


def address(url: str) -> tuple[str, int]:
    """Return host and port of the edge."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


async def get(client: PooledClient, url: str, path: str) -> tuple[int, int]:
    """Make one request and return its status and the length of its body."""
    response = await client.fetch(address(url), Request("GET", path, [(b"host", b"localhost")]))
    length = 0
    if response.body is not None:
        async for part in response.body:
            length += len(part)
    return response.status, length


def peak_mib(running: Running) -> list[float]:
    """Return the largest resident memory so far of the engine and of the processes that it started."""
    engine = psutil.Process(running.process.pid)
    return [
        int(line.split()[1]) / 1024
        for process in (engine, *engine.children(recursive=True))
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    ]


async def zeros(length: int) -> AsyncIterator[bytes]:
    """Yield a body of this length."""
    part = bytes(262_144)
    for _ in range(length // len(part)):
        yield part


async def test_a_thousand_requests_to_a_cold_deployment_share_one_start(tmp_path: Path) -> None:
    async with up(write_project(tmp_path / "project")) as running:
        url, client = await running.url(), PooledClient()
        left = iter(range(REQUESTS))
        statuses: list[int] = []

        async def visitor() -> None:
            statuses.extend([(await get(client, url, "/"))[0] for _ in left])

        await asyncio.gather(*(visitor() for _ in range(CONCURRENCY)))
        await client.close()
        assert statuses == [200] * REQUESTS
        finished = await running.wait_for_count(RequestFinished, REQUESTS)
        assert len({one.trace_id for one in finished}) == REQUESTS
        assert all({"edge", "worker", "container"} <= {hop.name for hop in one.trace} for one in finished)
        starts = [one for one in running.all(ColdStart) if one.container == "app"]
        assert [(one.outcome, one.waited) for one in starts] == [("ready", CONCURRENCY)]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="peak memory is read from /proc")
@pytest.mark.timeout(300)
async def test_a_gibibyte_passes_in_both_directions_with_flat_memory(tmp_path: Path) -> None:
    async with up(write_project(tmp_path / "project")) as running:
        url, client = await running.url(), PooledClient()
        await get(client, url, "/")
        before_mib = peak_mib(running)
        assert await get(client, url, f"/give/{GIB}") == (200, GIB)
        headers = [(b"host", b"localhost"), (b"content-length", str(GIB).encode())]
        response = await client.fetch(address(url), Request("POST", "/take", headers, zeros(GIB)))
        assert response.body is not None
        assert b"".join([part async for part in response.body]) == str(GIB).encode()
        await client.close()
        grown_mib = [after - before for after, before in zip(peak_mib(running), before_mib, strict=True)]
        assert max(grown_mib) < ROOM_MIB
        sizes = await running.wait_for_count(RequestFinished, 3)
        assert (sizes[1].response_bytes, sizes[2].request_bytes) == (GIB, GIB)


async def test_a_websocket_echo_works_through_worker_and_container(tmp_path: Path) -> None:
    async with up(write_project(tmp_path / "project")) as running:
        url = (await running.url()).replace("http", "ws")
        async with connect(f"{url}/ws") as socket:
            for message in ("hello", b"\x00\xff" * 40_000, "x" * 100_000):
                await socket.send(message)
                assert await socket.recv() == message
        finished = await running.wait_for(RequestFinished)
        assert (finished.status, finished.outcome, finished.instance) == (101, "container", "echo-1")
