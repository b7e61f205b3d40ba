"""An engine's door on a real socket, with a bus, a fold and an operator that a test drives."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.clock import RealClock
from core.control.client import ControlClient
from core.control.messages import AnyPush, InstanceActionName
from core.control.operator import OperationRefused
from core.control.server import ControlServer
from core.events.bus import EventBus
from core.events.types import AnyEvent
from core.frames.fold import FrameFold
from core.model.start_policies import StartPolicyName

LIMIT_S = 20.0
"""How long a test waits for what must come."""

_decoder: msgspec.json.Decoder[AnyPush] = msgspec.json.Decoder(AnyPush)


class Notebook:
    """Writes down what it is asked to do; waits until it is ``free``, and fails when it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.free = asyncio.Event()
        self.free.set()
        self.failure: Exception | None = None

    async def act(self, action: InstanceActionName, instance: str) -> str:
        self.asked.append((action, instance))
        await self.free.wait()
        if instance == "nobody":
            raise OperationRefused("there is no instance nobody; did you mean app-1?")
        if self.failure is not None:
            raise self.failure
        return f"{instance}: {action} done"

    async def set_latency(self, scale: float) -> str:
        self.asked.append(("latency", scale))
        if scale > 100:
            raise OperationRefused("at most 100")
        return f"latency is {scale:g} now"

    async def scale(self, container: str, region: str, instances: int | None) -> str:
        self.asked.append(("scale", container, region, instances))
        return f"{container} in {region}: {instances}"

    async def set_start_policy(self, container: str, policy: StartPolicyName) -> str:
        self.asked.append(("start_policy", container, policy))
        return f"{container} starts by {policy}"

    async def stop(self) -> None:
        self.asked.append(("stop_engine", ""))


class Door:
    """Everything of one engine that its door needs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bus = EventBus(RealClock())
        self.fold = FrameFold()
        self.bus.subscribe(self.fold.apply)
        self.notebook = Notebook()
        self.server = ControlServer(self.bus, self.fold, self.notebook, path)
        self.client = ControlClient(path)

    def publish(self, *events: AnyEvent) -> None:
        """Publish events as they are."""
        for event in events:
            self.bus.publish(event)


class RawClient:
    """Writes any bytes to a door and reads its lines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, command: bytes | dict[str, Any]) -> None:
        line = command if isinstance(command, bytes) else msgspec.json.encode(command) + b"\n"
        self.writer.write(line)

    def stop_reading(self) -> None:
        """Take in nothing more until ``read_on``."""
        self._transport.pause_reading()

    def read_on(self) -> None:
        """Take in what comes again."""
        self._transport.resume_reading()

    @property
    def _transport(self) -> asyncio.Transport:
        transport = self.writer.transport
        assert isinstance(transport, asyncio.Transport)
        return transport

    async def receive(self) -> AnyPush:
        async with asyncio.timeout(LIMIT_S):
            return _decoder.decode(await self.reader.readline())

    async def rest(self) -> list[AnyPush]:
        """Read until the door closes the connection."""
        async with asyncio.timeout(LIMIT_S):
            lines = (await self.reader.read()).splitlines()
        return [_decoder.decode(line) for line in lines]

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


Connect = Callable[[], Awaitable[RawClient]]


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    with tempfile.TemporaryDirectory(prefix="door-") as folder:
        made = Door(Path(folder) / "engine.sock")
        await made.server.start()
        yield made
        await made.server.close()


@pytest.fixture
async def connect(door: Door) -> AsyncIterator[Connect]:
    """Give what opens a raw connection to the door."""
    made: list[RawClient] = []

    async def open_one() -> RawClient:
        reader, writer = await asyncio.open_unix_connection(door.path, limit=2**26)
        made.append(RawClient(reader, writer))
        return made[-1]

    yield open_one
    for one in made:
        await one.close()
