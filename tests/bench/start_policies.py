"""Print what each start policy is worth: ``python -m tests.bench.start_policies [rounds]``.

For images of three sizes and two instance types, an instance is started by each policy in turn, through
the Engine's API by hand and through a whole Fleet with its events; the order changes from round to round.
Both find the same prepared: what is prepared in advance is not timed. Before that each image is pulled
once by hand and once by the fleet, from a registry on the loopback address, into an Engine of the bench's
own that has none of its layers. One run compares with itself only. Needs root, dockerd and Debian packages.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from core.clock import RealClock
from core.containers.drivers.docker.driver import DockerDriver
from core.containers.drivers.docker.endpoint import resolve_endpoint
from core.containers.drivers.docker.labels import Owner, label_filter
from core.containers.drivers.docker.pause_image import ensure_pause_image
from core.containers.drivers.docker.sandboxes import sandbox_body
from core.containers.drivers.docker.spec import JOIN, container_body, nano_cpus, network_name, region_marks
from core.containers.drivers.protocol import InstancePlan
from core.containers.fleet import Fleet
from core.events.bus import EventBus
from core.events.types import PHASE_NAMES, AnyEvent, ColdStart, Notice
from core.http.messages import Request
from core.model.deployment import Deployment
from core.model.start_policies import START_POLICIES, StartPolicyName
from tests.bench.by_hand import EngineByHand, pull, remove, until_answering
from tests.bench.cold_start import LISTEN
from tests.docker_images.busybox import ensure_busybox_image
from tests.docker_images.engine import remove_images, variant
from tests.docker_images.own_engine import own_engine
from tests.docker_images.python import ensure_python_image
from tests.docker_images.registry import Registry, registry

ROUNDS = 7
NAME, REGION = "bench-policies", "us-east"
TYPES = ("standard-1", "lite")
PREPARING = ("created", "shared", "paused")
FLASK = """
import os
from flask import Flask
app = Flask("bench")
@app.get("/")
def page():
    return "hello"
app.run("0.0.0.0", int(os.environ["PORT"]))
"""
SHOWN = PHASE_NAMES[1:5]
"""The phases in the table; nobody queues here, and the response comes after the start."""
WIDTH = 9
LOOK_EVERY_S = 0.02


@dataclass(frozen=True)
class Image:
    """One image: what it is called in the table, and the reference that it is pulled by."""

    name: str
    reference: str


class ByHand:
    """The same starts through the Engine's API alone; each part blocks, as nothing else goes on meanwhile."""

    def __init__(self, socket_path: str, pause_image: str, cpus: int) -> None:
        self._engine = EngineByHand(socket_path)
        self._pause_image = pause_image
        self._cpus = cpus
        self._marks = region_marks(NAME, REGION, Owner.this_process())
        self._network = network_name(NAME, REGION)

    def start(self, plan: InstancePlan) -> float:
        """Prepare what the plan's policy prepares, then start and time that; return ms."""
        made: list[str] = []
        try:
            if plan.policy in PREPARING:
                container, address = self._prepare(plan, made)
                return self._timed(plan, container, address, made)
            return self._timed(plan, "", "", made)
        finally:
            for one in made:
                remove(self._engine, one)

    def close(self) -> None:
        """Let go of the Engine."""
        self._engine.close()

    def _prepare(self, plan: InstancePlan, made: list[str]) -> tuple[str, str]:
        network, address = self._network, ""
        if plan.policy == "shared":
            body = sandbox_body(plan, self._pause_image, network, self._marks, None)
            made.append(sandbox := self._create("sandbox", body))
            self._call(sandbox, "start")
            network, address = f"{JOIN}{sandbox}", self._address(sandbox)
        container = self._create("app", self._body(plan, network))
        made.insert(0, container)
        if plan.policy == "paused":
            self._call(container, "start")
            address = self._address(container)
            until_answering(address, plan.container.port)
            self._call(container, "pause")
        return container, address

    def _timed(self, plan: InstancePlan, container: str, address: str, made: list[str]) -> float:
        began_s = time.perf_counter()
        if not container:
            made.append(container := self._create("app", self._body(plan, self._network)))
        self._call(container, "unpause" if plan.policy == "paused" else "start")
        until_answering(address or self._address(container), plan.container.port)
        if plan.policy == "boosted":
            self._call(container, "update", {"NanoCpus": nano_cpus(plan, self._cpus)})
        return (time.perf_counter() - began_s) * 1000

    def _body(self, plan: InstancePlan, network: str) -> dict[str, Any]:
        return container_body(plan, plan.container.image, network, self._marks, self._cpus, None)

    def _create(self, name: str, body: dict[str, Any]) -> str:
        return str(self._engine.call("POST", f"/containers/create?name=by-hand-{name}", body)["Id"])

    def _call(self, container: str, what: str, body: object = None) -> None:
        self._engine.call("POST", f"/containers/{container}/{what}", body)

    def _address(self, container: str) -> str:
        networks = self._engine.call("GET", f"/containers/{container}/json")["NetworkSettings"]["Networks"]
        [address] = (one["IPAddress"] for one in networks.values())
        return str(address)


class ByFleet:
    """A whole fleet; what counts is the event's total_ms and its phases, which the console shows."""

    def __init__(self, endpoint: str, image: Image, instance_type: str) -> None:
        container = {"binding": "APP", "image": image.reference, "instance_type": instance_type}
        self.deployment = Deployment.model_validate(
            {"name": NAME, "worker": "worker.py", "containers": [container], "regions": [{"id": REGION}]}
        )
        bus = EventBus(RealClock())
        bus.subscribe(self._take)
        self._cold_starts: asyncio.Queue[ColdStart] = asyncio.Queue()
        self._prepared = asyncio.Event()
        driver = DockerDriver(NAME, REGION, endpoint=endpoint)
        self.driver = driver
        self.fleet = Fleet(self.deployment, {REGION: driver}, bus, RealClock())

    def _take(self, event: AnyEvent) -> None:
        if isinstance(event, ColdStart):
            self._cold_starts.put_nowait(event)
        elif isinstance(event, Notice) and event.level == "info":
            self._prepared.set()

    def plan(self, policy: StartPolicyName) -> InstancePlan:
        """Return the plan of a start by hand."""
        return InstancePlan("app-1", self.deployment.containers[0], REGION, Path(), policy=policy)

    async def start(self, policy: StartPolicyName) -> ColdStart:
        """Let the policy prepare, let a request start an instance, and end it."""
        self._prepared.clear()
        self.fleet.set_start_policy("app", policy)
        if policy in PREPARING:
            await self._prepared.wait()
        answer = await self.fleet.fetch("app", REGION, Request("GET", "/", [(b"host", b"bench")]))
        assert answer.response.status == 200, answer.error
        if answer.response.close is not None:
            await answer.response.close()
        event = await self._cold_starts.get()
        assert event.policy == policy, event
        self.fleet.set_start_policy("app", "plain")
        self.fleet.act("kill", event.instance)
        for instance in self.fleet.instances():
            await instance.until_down()
        await self.settle()
        return event

    async def settle(self) -> None:
        """Return when what was prepared, but not used, is gone."""
        async with asyncio.timeout(30):
            while await self.driver.engine.containers(label_filter(deployment=NAME)):
                await asyncio.sleep(LOOK_EVERY_S)


async def measure(endpoint: str, image: Image, instance_type: str, rounds: int) -> float:
    """Run all rounds with one image and print a line for each policy; return plain over the fastest."""
    fleet = ByFleet(endpoint, image, instance_type)
    await fleet.fleet.open()
    info = await fleet.driver.engine.info()
    pause_image = await ensure_pause_image(fleet.driver.engine, str(info["Architecture"]))
    hand = ByHand(resolve_endpoint(endpoint).socket_path, pause_image, int(info["NCPU"]))
    by_hand: dict[str, list[float]] = {policy: [] for policy in START_POLICIES}
    by_fleet: dict[str, list[ColdStart]] = {policy: [] for policy in START_POLICIES}
    try:
        for number in range(rounds + 1):
            for policy in START_POLICIES[number % 5 :] + START_POLICIES[: number % 5]:
                event = await fleet.start(policy)
                took_ms = hand.start(fleet.plan(policy))
                if number:  # The first round warms the Engine's caches.
                    by_hand[policy].append(took_ms)
                    by_fleet[policy].append(event)
    finally:
        hand.close()
        await fleet.fleet.close()
    return _print(f"{image.name}, {instance_type}", by_hand, by_fleet)


def _print(title: str, by_hand: dict[str, list[float]], by_fleet: dict[str, list[ColdStart]]) -> float:
    names = ("by hand", "fleet", "ratio", "faster", *SHOWN)
    print(f"\n{title:22}" + "".join(f"{name:>{WIDTH}}" for name in names))
    medians = {policy: _median(one.total_ms for one in starts) for policy, starts in by_fleet.items()}
    for policy, starts in by_fleet.items():
        hand_ms = statistics.median(by_hand[policy])
        phases = [_median(_phase_ms(one, name) for one in starts) for name in SHOWN]
        figures = (hand_ms, medians[policy], medians[policy] / hand_ms, medians["plain"] / medians[policy])
        cells = [f"{one:.1f}" for one in figures[:2]] + [f"{one:.2f}x" for one in figures[2:]]
        cells += [f"{one:.1f}" for one in phases]
        print(f"  {policy:20}" + "".join(f"{one:>{WIDTH}}" for one in cells))
    return medians["plain"] / min(medians.values())


def _median(values: Iterable[float]) -> float:
    return statistics.median(list(values))


def _phase_ms(start: ColdStart, name: str) -> float:
    return sum(phase.duration_ms for phase in start.phases if phase.name == name)


async def measure_pull(endpoint: str, image: Image) -> None:
    """Pull one image that the Engine has no layer of, by hand and with the fleet's first start."""
    hand = EngineByHand(resolve_endpoint(endpoint).socket_path)
    try:
        hand_ms = pull(hand, image.reference)
        hand.call("DELETE", f"/images/{image.reference}")
    finally:
        hand.close()
    fleet = ByFleet(endpoint, image, TYPES[0])
    await fleet.fleet.open()
    try:
        event = await fleet.start("plain")
    finally:
        await fleet.fleet.close()
    image_ms = _phase_ms(event, "image")
    print(
        f"{image.name}: pull by hand {hand_ms:.0f} ms, phase image {image_ms:.0f} ms "
        f"({image_ms / hand_ms:.2f}x), whole start {event.total_ms:.0f} ms"
    )


def push_images(source: str, store: Registry) -> list[Image]:
    """Make the three images with an Engine and put them into the registry."""
    python = ensure_python_image(source)
    made = {
        "busybox, 2 MB": ensure_busybox_image(source),
        "Python, 49 MB": variant(source, python, ["python3", "-c", LISTEN]),
        "Flask, 49 MB": variant(source, python, ["python3", "-c", FLASK]),
    }
    return [
        Image(name, store.push(source, reference, f"{name.split(',')[0].lower()}:bench"))
        for name, reference in made.items()
    ]


async def main(rounds: int, types: Sequence[str] = TYPES) -> None:
    """Measure every image with every instance type."""
    source = resolve_endpoint().url
    ratios = []
    async with registry() as store, own_engine(NAME) as engine:
        try:
            images = await asyncio.to_thread(push_images, source, store)
        finally:
            await asyncio.to_thread(remove_images, source)
        for image in images:
            await measure_pull(engine.endpoint, image)
            ratios += [await measure(engine.endpoint, image, one, rounds) for one in types]
            hand = EngineByHand(resolve_endpoint(engine.endpoint).socket_path)
            hand.call("DELETE", f"/images/{image.reference}?force=1")
            hand.close()
    print(f"\nplain to the fastest: {min(ratios):.1f} to {max(ratios):.1f} times (2.5 must be reached)")


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
