"""Measures what it costs to know memory and CPU of many containers: ``python -m tests.bench.collector [N]``.

Real containers are read in turn by the engine's own collector (control group files, with an event for each
container folded into a frame), by the Engine's streams as they are read where only its API is there, and by
``docker stats``; the order changes from round to round. CPU counts for this process, for the client, and
for dockerd, containerd and the shims together, which use a little when nobody asks, too: the first line.
Figures are percent of one core, medians of the rounds; one run compares with itself only. ``--json`` prints
one JSON object. Needs a Docker Engine on a Unix socket of this machine.
"""

import asyncio
import shutil
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from core.clock import RealClock
from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.driver import DockerDriver
from core.containers.drivers.docker.endpoint import resolve_endpoint
from core.containers.drivers.docker.labels import label_filter
from core.containers.drivers.docker.stats import StatsReader
from core.containers.drivers.protocol import InstancePlan
from core.containers.regions import RegionWatch
from core.containers.sampling import SAMPLE_EVERY_S, Sampler
from core.events.bus import EventBus
from core.frames.fold import FrameFold
from core.http.client import PooledClient
from core.model.deployment import Container
from tests.bench.engine_cpu import EngineProcesses, first_processes, process_cpu_s
from tests.docker_images.busybox import ensure_busybox_image
from tests.docker_images.engine import remove_images

CONTAINERS = 50
ROUNDS = 3
WINDOW_S = 6.0
SETTLE_S = 4.0
"""A stream's first seconds are not like the rest, and the Engine goes on with it for some after its end."""
PARALLEL_STARTS = 4
DEPLOYMENT, REGION = "bench-collector", "us-east"


@dataclass(frozen=True)
class Cost:
    """CPU of one window, in percent of one core."""

    own: float
    client: float
    engine: float

    @property
    def together(self) -> float:
        """Return the sum."""
        return self.own + self.client + self.engine


@dataclass
class Running:
    """A container, as the sampler sees an instance."""

    plan: InstancePlan
    running_since_s: float
    last_reading: tuple[float, float, float] = (-1.0, 0.0, 0.0)


class Bench:
    """Running containers, and the ways to read them."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = resolve_endpoint(endpoint)
        self.driver = DockerDriver(DEPLOYMENT, REGION, endpoint=endpoint)
        self.bus = EventBus(RealClock())
        self.fold = FrameFold()
        self.bus.subscribe(self.fold.apply)
        self.watch = RegionWatch(REGION, self.driver, self.bus)
        self.sampler = Sampler(self.bus, lambda _: [])
        self.running: list[Running] = []
        self.containers: list[str] = []
        self.client = PooledClient()
        self.api = EngineApi(self.endpoint, self.client)

    async def open(self, count: int) -> None:
        """Start the containers."""
        image = await asyncio.to_thread(ensure_busybox_image, self.endpoint.url)
        container = Container(binding="APP", image=image, max_instances=count)
        await self.watch.open()
        await self.api.version()
        queue = asyncio.Semaphore(PARALLEL_STARTS)
        await asyncio.gather(*(self._start(number, container, queue) for number in range(count)))
        listed = await self.api.containers(label_filter(deployment=DEPLOYMENT))
        self.containers = [str(one["Id"]) for one in listed]
        pids = await asyncio.to_thread(first_processes, self.containers)
        self.engine = EngineProcesses(self.endpoint.socket_path, pids)

    async def _start(self, number: int, container: Container, queue: asyncio.Semaphore) -> None:
        plan = InstancePlan(f"app-{number + 1}", container, REGION, Path())
        async with queue:
            await self.driver.prepare(plan, lambda _: None)
            await self.driver.create(plan)
            await self.driver.start(plan)
            await self.driver.wait_until_listening(plan)
        self.running.append(Running(plan, self.bus.now_s()))

    async def close(self) -> None:
        """Remove everything."""
        await self.watch.close()
        await self.client.close()
        await asyncio.to_thread(remove_images, self.endpoint.url)

    async def nothing(self) -> Cost:
        """Let nobody ask."""
        return await self._window(lambda: asyncio.sleep(WINDOW_S))

    async def files(self, every_s: float) -> Cost:
        """Read the kernel's files and publish every sample."""
        return await self._window(lambda: self._sample_for(WINDOW_S, every_s))

    async def streams(self) -> Cost:
        """Follow a stream of each container."""
        readers = [StatsReader(self.api, one) for one in self.containers]
        try:
            await asyncio.sleep(SETTLE_S)
            cost = await self._window(lambda: asyncio.sleep(WINDOW_S))
            assert all(one.read() for one in readers), "a stream gave nothing"
            return cost
        finally:
            for one in readers:
                one.close()

    async def docker_stats(self) -> Cost:
        """Let the command line client follow them, as a person does."""
        null = asyncio.subprocess.DEVNULL
        client = await asyncio.create_subprocess_exec(
            "docker", "--host", self.endpoint.url, "stats", "--no-trunc", *self.containers,
            stdin=null, stdout=null, stderr=null,
        )  # fmt: skip
        try:
            await asyncio.sleep(SETTLE_S)
            cost = await self._window(lambda: asyncio.sleep(WINDOW_S), client.pid)
            assert client.returncode is None, "docker stats ended by itself"
            return cost
        finally:
            client.kill()  # Some clients do not end at SIGTERM while they follow.
            await client.wait()

    async def _sample_for(self, seconds: float, every_s: float) -> None:
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            await self.sampler.sample_once(self.watch, self.running)
            await asyncio.sleep(min(every_s, left_s))

    async def _window(self, work: Callable[[], Awaitable[None]], client: int = 0) -> Cost:
        before, began_s = self._cpu_s(client), time.monotonic()
        await work()
        after, took_s = self._cpu_s(client), time.monotonic() - began_s
        return Cost(*((now - then) / took_s * 100 for now, then in zip(after, before, strict=True)))

    def _cpu_s(self, client: int) -> tuple[float, float, float]:
        engine_s = self.engine.cpu_s()
        return time.process_time(), process_cpu_s(client) if client else 0.0, engine_s


Way = tuple[str, Callable[[], Awaitable[Cost]]]


async def measure(bench: Bench, rounds: int) -> dict[str, Cost]:
    """Take every way once a round, each time in another order, and return the medians."""
    ways: list[Way] = [
        ("nothing", bench.nothing),
        ("files, 1 Hz", lambda: bench.files(1.0)),
        (f"files, {1 / SAMPLE_EVERY_S:g} Hz (the engine's pace)", lambda: bench.files(SAMPLE_EVERY_S)),
        ("streams", bench.streams),
    ]
    if shutil.which("docker"):
        ways.append(("docker stats", bench.docker_stats))
    found: dict[str, list[Cost]] = {name: [] for name, _ in ways}
    for number in range(rounds):
        for name, take in ways[number % len(ways) :] + ways[: number % len(ways)]:
            found[name].append(await take())
            await asyncio.sleep(SETTLE_S)
    return {name: _median(costs) for name, costs in found.items()}


def _median(costs: list[Cost]) -> Cost:
    own, client, engine = (
        statistics.median(values)
        for values in zip(*((one.own, one.client, one.engine) for one in costs), strict=True)
    )
    return Cost(own, client, engine)


def report(count: int, costs: dict[str, Cost]) -> dict[str, Any]:
    """Return the figures and each way's ratio to ``docker stats``."""
    compared_with = "docker stats" if "docker stats" in costs else "streams"
    return {
        "containers": count,
        "compared_with": compared_with,
        "percent_of_one_core": {
            name: {
                "own": round(cost.own, 2),
                "client": round(cost.client, 2),
                "engine": round(cost.engine, 2),
                "together": round(cost.together, 2),
                "ratio": round(cost.together / costs[compared_with].together, 3),
            }
            for name, cost in costs.items()
        },
    }


async def main(count: int, as_json: bool) -> None:
    """Measure and print."""
    bench = Bench(resolve_endpoint().url)
    try:
        await bench.open(count)
        found = report(count, await measure(bench, ROUNDS))
    finally:
        await bench.close()
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    print(f"{count} containers, percent of one core")
    print(f"{'':36}{'own':>8}{'client':>8}{'engine':>8}{'together':>10}   to {found['compared_with']}")
    for name, row in found["percent_of_one_core"].items():
        figures = "".join(f"{row[key]:8.2f}" for key in ("own", "client", "engine"))
        print(f"{name:36}{figures}{row['together']:10.2f}   {row['ratio']:.3f}x")


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--json"]
    uvloop.run(main(int(words[0]) if words else CONTAINERS, "--json" in sys.argv))
