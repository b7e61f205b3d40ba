"""The engine: puts the parts of one deployment together, starts and stops them; no logic of its own."""

import asyncio
import logging
import os
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from importlib.metadata import version
from typing import TypeVar

import psutil

from core import runs
from core.clock import Clock
from core.containers.actions import ActionRefused
from core.containers.drivers.protocol import Driver
from core.containers.drivers.select import Choice, select_drivers
from core.containers.fleet import Fleet
from core.containers.signals import InstanceSignal
from core.control.messages import InstanceActionName
from core.control.operator import OperationRefused
from core.control.server import ControlServer
from core.declared import container_infos, region_infos
from core.edge.edge import Edge
from core.edge.latency import ScaleRefused
from core.events.bus import EventBus
from core.events.types import EngineStarted, EngineStopped, Notice
from core.frames.fold import FrameFold
from core.http.client import PooledClient
from core.http.errors import PortTaken
from core.http.messages import Request, Response
from core.http.server import Server, serve
from core.lifetime import Lifetime
from core.model.deployment import Deployment
from core.model.offer import notes
from core.model.start_policies import StartPolicyName
from core.options import EngineOptions
from core.redaction import EventRedactor, LogRedactor, RequestSecrets
from core.runtimes import make_inline_runtime, make_runtime
from core.traffic.crons import Crons
from core.traffic.visitors import Visitors, sender
from core.upkeep import Level, Upkeep
from core.worker.runtime import Runtime, SubRequest

STOP_GRACE_S = 1.0
"""How long requests may go on when the engine stops."""
HOST = "127.0.0.1"
VERSION = version("hybrid-tui")

Part = TypeVar("Part")
OnReady = Callable[[runs.RunRecord], None]


class Engine:
    """One deployment, running.

    ``virtual`` means on virtual time: nothing listens, and the Worker runs inside this process.
    ``door`` says whether a console may attach.
    """

    def __init__(
        self, deployment: Deployment, options: EngineOptions, clock: Clock, *, virtual: bool, door: bool
    ) -> None:
        self.bus = EventBus(clock)
        self.lifetime = Lifetime()
        self.seed = random.SystemRandom().getrandbits(32) if options.seed is None else options.seed
        self._deployment = deployment
        self._options = options
        self._clock = clock
        self._virtual = virtual
        self._has_door = door
        self._secrets = RequestSecrets(clock)
        self.bus.redact = self._redactor = EventRedactor(deployment.secrets, self._secrets)
        self.bus.clean_text = self._redactor.text
        self._fold = FrameFold() if door else None  # nobody sees frames where nobody can attach
        if self._fold is not None:
            self.bus.subscribe(self._fold.apply)
        self._serving = asyncio.Event()
        self._gone = asyncio.Event()
        self._fleet: Fleet | None = None
        self._edge: Edge | None = None
        self._upkeep: Upkeep | None = None

    async def run(self, on_ready: OnReady) -> str:
        """Run until the lifetime ends, and return the reason; ``on_ready`` is called when it can be reached.

        Raises PortTaken, CannotListen or AlreadyServed when it cannot be.
        """
        async with self._door():
            try:
                async with self._clean_log(), self._parts(on_ready):
                    reason = await self.lifetime.wait(self._options.for_s)
                self.bus.publish(EngineStopped(time_s=self.bus.now_s(), reason=reason))
            finally:
                self._gone.set()
        return reason

    @property
    def requests_in_flight(self) -> int:
        """Return the number of requests that have arrived and not ended."""
        return self._edge.in_flight if self._edge else 0

    async def act(self, action: InstanceActionName, instance: str) -> str:
        """Carry out an action of the console; part of the protocol Operator."""
        with _told():
            return _there(self._fleet).act(action, instance)

    async def set_latency(self, scale: float) -> str:
        """Change the factor on emulated round trips, live; part of the protocol Operator."""
        with _told():
            return _there(self._edge).set_latency(scale)

    async def scale(self, container: str, region: str, instances: int | None) -> str:
        """Let a class have so many instances in a region; part of the protocol Operator."""
        with _told():
            return _there(self._fleet).scale(container, region, instances)

    async def set_start_policy(self, container: str, policy: StartPolicyName) -> str:
        """Start a class's instances in another way from now on; part of the protocol Operator."""
        with _told():
            return _there(self._fleet).set_start_policy(container, policy)

    async def stop(self) -> None:
        """Stop everything but the door; part of the protocol Operator."""
        self.lifetime.end("asked to stop")
        await self._gone.wait()

    @asynccontextmanager
    async def _door(self) -> AsyncIterator[None]:
        if self._fold is None:
            yield
            return
        door = ControlServer(self.bus, self._fold, self, runs.socket_path(self._deployment.name))
        await door.start()
        try:
            yield
        finally:
            await door.close()
            runs.remove_run(self._deployment.name)

    @asynccontextmanager
    async def _clean_log(self) -> AsyncIterator[None]:
        """Keep secrets out of the engine's own log, too."""
        cleaning = LogRedactor(self._redactor.text)
        handlers = [*logging.getLogger().handlers, *filter(None, [logging.lastResort])]
        for handler in handlers:
            handler.addFilter(cleaning)
        try:
            yield
        finally:
            for handler in handlers:
                handler.removeFilter(cleaning)

    @asynccontextmanager
    async def _parts(self, on_ready: OnReady) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            selection = await select_drivers(
                self._deployment, self._options.driver, self._clock, self.seed, self._region_lost
            )
            server = await self._listen(stack)
            port = server.port if server else 0
            url = f"http://{HOST}:{port}" if port else ""
            self._say_started(selection.drivers, url)
            self._say_choices(selection.choices)
            self._say_notes()
            on_ready(self._note_run(selection.drivers, url))
            await self._open_parts(stack, selection.drivers)
            self._serving.set()
            if server:
                # Once more, so that it is the first to go: requests end before what serves them.
                stack.push_async_callback(server.stop, STOP_GRACE_S)
            await self._let_visitors_come(stack, port)
            yield

    async def _listen(self, stack: AsyncExitStack) -> Server | None:
        """Open the port before anything is started; requests wait until the parts are there."""
        if self._virtual:
            return None
        try:
            server = await serve(self._handle, host=HOST, port=self._options.port)
        except PortTaken:
            if not self._options.demo:
                raise
            server = await serve(self._handle, host=HOST, port=0)
        stack.push_async_callback(server.stop)
        return server

    async def _open_parts(self, stack: AsyncExitStack, drivers: Mapping[str, Driver]) -> None:
        self._fleet = fleet = Fleet(self._deployment, drivers, self.bus, self._clock, self._on_signal)
        stack.push_async_callback(fleet.close)
        runtime = self._make_runtime()
        stack.push_async_callback(runtime.stop)
        regions = region_infos(self._deployment, drivers)
        self._edge = edge = Edge(
            self._deployment,
            regions,
            runtime,
            fleet,
            self.bus,
            self._clock,
            self._random("traces"),
            self._secrets,
        )
        stack.push_async_callback(edge.close)
        self._upkeep = upkeep = Upkeep(edge, self._say)
        stack.callback(upkeep.end)
        await asyncio.gather(fleet.open(), upkeep.start_worker())
        self._look_after(stack, upkeep)

    def _make_runtime(self) -> Runtime:
        """Make the Worker's runtime: inside this process on virtual time, else in processes of its own."""
        if self._virtual:
            rng = self._random("worker")
            return make_inline_runtime(self._deployment, self._binding_fetch, self.bus, rng)
        return make_runtime(self._deployment, self._binding_fetch, self.bus)

    def _look_after(self, stack: AsyncExitStack, upkeep: Upkeep) -> None:
        """Let cron triggers call the Worker, and its code be loaded anew when it is saved."""
        crons = Crons(self._deployment.worker.crons, upkeep.on_cron, self._clock)
        stack.push_async_callback(_end, asyncio.create_task(crons.run(), name="cron triggers"))
        if not self._virtual:
            main = self._deployment.folder / self._deployment.worker.main
            task = asyncio.create_task(upkeep.reload_on_save(main), name="reload on save")
            stack.push_async_callback(_end, task)

    async def _let_visitors_come(self, stack: AsyncExitStack, port: int) -> None:
        send = sender(self._handle)
        if port:
            client = PooledClient()
            stack.push_async_callback(client.close)
            send = sender(lambda request: client.fetch((HOST, port), request))
        visitors = Visitors(self._deployment.traffic, send, self._clock, self._random("visitors"))
        task = asyncio.create_task(visitors.run(), name="visitors")
        stack.push_async_callback(_end, task)

    async def _handle(self, request: Request) -> Response:
        await self._serving.wait()
        assert self._edge is not None
        return await self._edge.handle(request)

    async def _binding_fetch(self, sub: SubRequest, request: Request) -> Response:
        assert self._edge is not None
        return await self._edge.binding_fetch(sub, request)

    async def _on_signal(self, signal: InstanceSignal) -> bool:
        return self._upkeep is not None and await self._upkeep.on_signal(signal)

    async def _region_lost(self, region: str, message: str, advice: str) -> None:
        if self._fleet is not None:
            await self._fleet.region_lost(region, message, advice)

    def _random(self, purpose: str) -> random.Random:
        """Return a generator of its own for each purpose, so that one cannot shift another."""
        return random.Random(f"{self.seed} {purpose}")

    def _say_started(self, drivers: Mapping[str, Driver], url: str) -> None:
        deployment = self._deployment
        self.bus.publish(
            EngineStarted(
                time_s=self.bus.now_s(),
                deployment=deployment.name,
                profile=deployment.profile,
                version=VERSION,
                seed=self.seed,
                wall_time=self._clock.wall_time().isoformat(timespec="milliseconds"),
                url=url,
                regions=region_infos(deployment, drivers),
                containers=container_infos(deployment),
                latency_scale=deployment.latency_scale,
                container_hour_usd=deployment.prices.text,
            )
        )

    def _say_choices(self, choices: Sequence[Choice]) -> None:
        for choice in choices:
            message = f"runs on the {choice.driver} driver: {choice.reason}"
            self._say("warning" if choice.advice else "info", choice.region, message, choice.advice)

    def _say_notes(self) -> None:
        for subject, message in notes(self._deployment):
            self._say("info", subject, message)

    def _say(self, level: Level, subject: str, message: str, advice: str = "") -> None:
        self.bus.publish(
            Notice(time_s=self.bus.now_s(), level=level, subject=subject, message=message, advice=advice)
        )

    def _note_run(self, drivers: Mapping[str, Driver], url: str) -> runs.RunRecord:
        record = runs.RunRecord(
            deployment=self._deployment.name,
            pid=os.getpid(),
            process_started_s=psutil.Process().create_time(),
            folder=str(self._deployment.folder),
            socket=str(runs.socket_path(self._deployment.name)) if self._has_door else "",
            url=url,
            version=VERSION,
            drivers=tuple(sorted({driver.name for driver in drivers.values()})),
        )
        if self._has_door:
            runs.write_run(record)
        return record


def _there(part: Part | None) -> Part:
    """Return a part of the engine. Raises OperationRefused while it is not there yet."""
    if part is None:
        raise OperationRefused("the deployment is still starting; try again in a moment")
    return part


@contextmanager
def _told() -> Iterator[None]:
    """Pass on why a part refuses, as OperationRefused."""
    try:
        yield
    except (ActionRefused, ScaleRefused) as refused:
        raise OperationRefused(str(refused)) from None


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
