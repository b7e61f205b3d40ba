"""Print what a cold start costs, by hand and here: ``python -m tests.bench.cold_start [rounds]``.

The same container is started in turn through the Engine's API by hand (create, start, inspect, connect),
through DockerDriver, and through a whole Fleet with its events; the order changes from round to round.
The program prints the clock as it begins to listen: from there on counts how late that is noticed. One run
compares with itself only. Needs a Docker Engine on a Unix socket of this machine.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from core.clock import RealClock
from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.driver import DockerDriver
from core.containers.drivers.docker.endpoint import resolve_endpoint
from core.containers.drivers.docker.labels import Owner, label_filter
from core.containers.drivers.docker.spec import container_body, network_name, region_marks
from core.containers.drivers.protocol import InstancePlan
from core.containers.fleet import Fleet
from core.events.bus import EventBus
from core.events.types import AnyEvent, ColdStart, InstanceChanged
from core.http.client import PooledClient
from core.http.messages import Request
from core.model.deployment import Deployment
from tests.bench.by_hand import EngineByHand, cold_start, remove
from tests.docker_images.busybox import ensure_busybox_image
from tests.docker_images.engine import remove_images, variant
from tests.docker_images.python import ensure_python_image

ROUNDS = 15
REGIONS = ("by-driver", "by-fleet")
LISTEN = """
import os, socket, time
server = socket.create_server(("", int(os.environ["PORT"])), backlog=64)
print(time.perf_counter_ns(), flush=True)
while True:
    connection = server.accept()[0]
    if connection.recv(65536):
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
    connection.close()
"""
"""perf_counter is the system's monotonic clock, which all its containers share."""

Start = Callable[[int], Awaitable[float]]


class Bench:
    """One image, and the three ways to start a container of it."""

    def __init__(self, image: str, endpoint: str) -> None:
        self.deployment = Deployment.model_validate(
            {
                "name": "bench-cold-start",
                "worker": "worker.py",
                "containers": [{"binding": "APP", "image": image, "instance_type": "standard-1"}],
                "regions": [{"id": region} for region in REGIONS],
            }
        )
        self.image = image
        self.lags_ms: dict[str, list[float]] = {"driver": [], "fleet": []}
        self.bus = EventBus(RealClock())
        self.bus.subscribe(self._take)
        self._cold_starts: asyncio.Queue[ColdStart] = asyncio.Queue()
        self._ready_s = 0.0
        self._client = PooledClient()
        self._api = EngineApi(resolve_endpoint(endpoint), self._client)
        self._hand = EngineByHand(self._api.endpoint.socket_path)
        self.driver, other = (DockerDriver("bench-cold-start", one, endpoint=endpoint) for one in REGIONS)
        self.fleet = Fleet(self.deployment, {REGIONS[1]: other}, self.bus, RealClock())

    def _take(self, event: AnyEvent) -> None:
        if isinstance(event, ColdStart):
            self._cold_starts.put_nowait(event)
        elif isinstance(event, InstanceChanged) and event.state == "ready":
            self._ready_s = time.perf_counter()

    async def open(self) -> None:
        """Make the networks."""
        await self._api.version()
        await self.driver.open()
        await self.fleet.open()

    async def close(self) -> None:
        """Remove everything."""
        await self.fleet.close()
        await self.driver.close()
        await self._client.close()
        self._hand.close()

    def _plan(self, number: int) -> InstancePlan:
        return InstancePlan(f"app-{number}", self.deployment.containers[0], REGIONS[0], Path())

    async def by_hand(self, number: int) -> float:
        """Start one by hand; blocks, as nothing else goes on meanwhile."""
        plan = self._plan(number)
        marks = region_marks(self.deployment.name, REGIONS[0], Owner.this_process())
        network = network_name(self.deployment.name, REGIONS[0])
        body = container_body(plan, self.image, network, marks, 1, None)
        container, took_ms = cold_start(self._hand, f"bench-by-hand-{number}", body, plan.container.port)
        remove(self._hand, container)
        return took_ms

    async def by_driver(self, number: int) -> float:
        """Start one through the driver."""
        plan = self._plan(number)
        began_s = time.perf_counter()
        await self.driver.prepare(plan, lambda _: None)
        await self.driver.create(plan)
        await self.driver.start(plan)
        await self.driver.wait_until_listening(plan)
        noticed_s = time.perf_counter()
        await self._note_lag("driver", REGIONS[0], noticed_s)
        await self.driver.remove(plan)
        return (noticed_s - began_s) * 1000

    async def by_fleet(self, number: int) -> float:
        """Let a request start one; what counts is the event's total_ms, which the console shows."""
        answer = await self.fleet.fetch("app", REGIONS[1], Request("GET", "/", [(b"host", b"bench")]))
        assert answer.response.status == 200, answer.error
        if answer.response.close is not None:
            await answer.response.close()
        event = await self._cold_starts.get()
        await self._note_lag("fleet", REGIONS[1], self._ready_s)
        self.fleet.act("kill", event.instance)
        for instance in self.fleet.instances():
            await instance.until_down()
        return event.total_ms

    async def _note_lag(self, way: str, region: str, noticed_s: float) -> None:
        filters = label_filter(deployment=self.deployment.name, region=region)
        [container] = await self._api.containers(filters)
        printed = (await self._api.log_tail(str(container["Id"]), 1)).strip()
        if printed.isdigit():
            self.lags_ms[way].append((noticed_s - int(printed) / 1e9) * 1000)


async def measure(name: str, image: str, endpoint: str, rounds: int) -> None:
    """Run all rounds with one image and print a line for each way."""
    bench = Bench(image, endpoint)
    ways: list[tuple[str, Start]] = [
        ("by hand", bench.by_hand),
        ("driver", bench.by_driver),
        ("fleet", bench.by_fleet),
    ]
    took: dict[str, list[float]] = {way: [] for way, _ in ways}
    await bench.open()
    try:
        for number in range(rounds + 1):
            for way, start in ways[number % 3 :] + ways[: number % 3]:
                took_ms = await start(number)
                if number:  # The first round warms the Engine's caches.
                    took[way].append(took_ms)
    finally:
        await bench.close()
    print(f"\n{name}: cold start to a port that answers, {rounds} rounds, ms")
    print(f"{'':10}{'median':>9}{'least':>9}{'most':>9}{'to by hand':>12}   noticed after listening")
    by_hand_ms = statistics.median(took["by hand"])
    for way, times_ms in took.items():
        median_ms = statistics.median(times_ms)
        lags_ms = bench.lags_ms.get(way)
        lag = f"{statistics.median(lags_ms):.1f}, at most {max(lags_ms):.1f}" if lags_ms else ""
        print(
            f"{way:10}{median_ms:9.1f}{min(times_ms):9.1f}{max(times_ms):9.1f}"
            f"{median_ms / by_hand_ms:11.3f}x   {lag}"
        )


async def main(rounds: int) -> None:
    """Measure with a program that boots in a millisecond, and with a Python one."""
    endpoint = resolve_endpoint().url
    try:
        busybox = await asyncio.to_thread(ensure_busybox_image, endpoint)
        await measure("busybox", busybox, endpoint, rounds)
        python = await asyncio.to_thread(ensure_python_image, endpoint)
        listening = await asyncio.to_thread(variant, endpoint, python, ["python3", "-c", LISTEN])
        await measure("Python", listening, endpoint, rounds)
    finally:
        await asyncio.to_thread(remove_images, endpoint)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
