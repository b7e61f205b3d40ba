"""A deployment whose Worker and containers a test scripts, on virtual time unless told otherwise."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from random import Random
from typing import Any

from core.clock import Clock, VirtualClock, run_virtual
from core.containers.service import ContainerAnswer
from core.edge.edge import Edge
from core.events.bus import EventBus
from core.events.types import AnyEvent, DriverName, Hop, HopName, RegionInfo, RequestFinished
from core.geo.regions import known_regions
from core.http.messages import Headers, Request, Response, text_response
from core.model.deployment import Container, Deployment, Traffic, Worker
from core.redaction import EventRedactor, RequestSecrets
from core.worker.runtime import Answer, CpuTime, Scheduled, SubRequest, WorkerEvent

Script = Callable[["World", str, Request], Awaitable[Response]]


async def hello(_world: "World", _trace_id: str, _request: Request) -> Response:
    """Answer at the edge."""
    return text_response(200, "hello")


async def pass_on(world: "World", trace_id: str, request: Request) -> Response:
    """Pass the request on to the container, as it is."""
    return await world.edge.binding_fetch(SubRequest(trace_id, 1, "APP"), request)


class ScriptedRuntime:
    """A runtime whose Worker is a coroutine of the test."""

    name = "scripted"

    def __init__(self, world: "World", script: Script) -> None:
        self._world = world
        self.script = script
        self.seen: list[Request] = []
        self.cpu_ms = 1.25
        self.report = asyncio.Event()
        self.report.set()
        self.noticed: list[Scheduled] = []
        self.on_scheduled: Callable[[], bool] = lambda: True

    async def start(self) -> None:
        """Nothing to load."""

    async def fetch(self, trace_id: str, request: Request) -> Answer:
        self.seen.append(request)
        response = await self.script(self._world, trace_id, request)
        return Answer(response, self._cpu, isolate=1)

    async def _cpu(self) -> CpuTime:
        await self.report.wait()
        return CpuTime(self.cpu_ms, "measured")

    async def notify(self, trace_id: str, event: WorkerEvent) -> bool:
        assert isinstance(event, Scheduled)
        self.noticed.append(event)
        return self.on_scheduled()

    async def reload(self) -> None:
        """Nothing to load anew."""

    async def stop(self) -> None:
        """Nothing to end."""


class ScriptedContainers:
    """Containers that take ``cold_wait_s`` to start and ``service_s`` to answer."""

    def __init__(self) -> None:
        self.cold_wait_s = 0.0
        self.added_wait_s = 0.0
        """The last part of ``cold_wait_s`` that is waited on purpose."""
        self.service_s = 0.010
        self.error = ""
        self.response: Callable[[], Response] = lambda: text_response(200, "from the container")
        self.seen: list[tuple[str, str, Request]] = []
        self.asked: list[tuple[str, int | None]] = []
        self.operations: list[tuple[str, str, str, Mapping[str, Any]]] = []
        self.places: dict[str, str] = {}

    async def fetch(
        self, container: str, region: str, request: Request, *, instance: str = "", port: int | None = None
    ) -> ContainerAnswer:
        self.seen.append((container, region, request))
        self.asked.append((instance, port))
        await asyncio.sleep(self.cold_wait_s + self.service_s)
        name = "" if self.error else f"{container}-{instance or 1}"
        added_ms = self.added_wait_s * 1000
        return ContainerAnswer(self.response(), name, self.cold_wait_s * 1000, self.error, added_ms)

    def place(self, container: str, instance: str) -> str | None:
        return self.places.get(instance)

    async def operate(
        self, container: str, region: str, instance: str, operation: str, options: Mapping[str, Any]
    ) -> ContainerAnswer:
        self.operations.append((region, instance, operation, options))
        await asyncio.sleep(self.cold_wait_s)
        name = "" if self.error else f"{container}-{instance}"
        return ContainerAnswer(self.response(), name, self.cold_wait_s * 1000, self.error)


class World:
    """An edge with all that it needs, and the events that it published."""

    def __init__(
        self,
        script: Script = hello,
        regions: tuple[str, ...] = ("us-east", "ap-northeast"),
        driver: DriverName = "process",
        traffic_city: str = "",
        latency: float = 1.0,
        clock: Clock | None = None,
        containers: tuple[Container, ...] = (Container(binding="APP", command=("serve",)),),
        worker: Worker = Worker(main="worker.py"),  # noqa: B008 - it does not change
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        self.clock = clock or VirtualClock()
        self.bus = EventBus(self.clock)
        request_secrets = RequestSecrets(self.clock)
        self.bus.redact = EventRedactor(secrets or {}, request_secrets)
        self.events: list[AnyEvent] = []
        self.bus.subscribe(self.events.append)
        self.runtime = ScriptedRuntime(self, script)
        self.containers = ScriptedContainers()
        deployment = Deployment(
            name="shop",
            worker=worker,
            containers=containers,
            traffic=Traffic(city=traffic_city),
            latency=latency,
        )
        known = known_regions()
        infos = [
            RegionInfo(one, known[one].city, known[one].latitude, known[one].longitude, driver)
            for one in regions
        ]
        self.edge = Edge(
            deployment,
            infos,
            self.runtime,
            self.containers,
            self.bus,
            self.clock,
            Random(1),
            request_secrets,
        )

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        """Run ``main`` on this world's virtual time, to its end."""
        assert isinstance(self.clock, VirtualClock)
        return run_virtual(main, self.clock)

    def visit(
        self, *fields: tuple[bytes, bytes], target: str = "/", method: str = "GET"
    ) -> tuple[int, bytes]:
        """Make one whole visit and return its status and body."""
        request = Request(method, target, list(fields))

        async def main() -> tuple[int, bytes]:
            response = await self.edge.handle(request)
            return response.status, await body_of(response)

        status, body = self.run(main())
        return status, body

    async def finished(self, number: int) -> list[RequestFinished]:
        """Wait until so many requests have finished, and return them."""
        if len(self.requests) < number:
            enough = asyncio.Event()
            unsubscribe = self.bus.subscribe(
                lambda _event: enough.set() if len(self.requests) >= number else None
            )
            async with asyncio.timeout(10):
                await enough.wait()
            unsubscribe()
        return self.requests

    @property
    def requests(self) -> list[RequestFinished]:
        """Return the finished requests."""
        return [one for one in self.events if isinstance(one, RequestFinished)]

    @property
    def last(self) -> RequestFinished:
        """Return the one finished request; there must be one alone."""
        (one,) = self.requests
        return one


def hop_of(event: RequestFinished, name: HopName, sub_request: int | None = None) -> Hop:
    """Return the one hop of a name."""
    (found,) = [one for one in event.trace if one.name == name and sub_request in (None, one.sub_request)]
    return found


async def body_of(response: Response) -> bytes:
    """Read a response's body to its end."""
    return b"" if response.body is None else b"".join([chunk async for chunk in response.body])


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    """Yield each part."""
    for part in parts:
        yield part


def streamed(*parts: bytes, headers: Headers | None = None) -> Response:
    """Make a response of several chunks."""
    return Response(200, headers or [], chunks(*parts))
