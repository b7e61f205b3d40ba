"""The console's side of the door: frames, events and actions of an engine in another process.

Light on purpose: it runs inside the console and imports nothing but msgspec and the records.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType

from core.control.line import EngineGone, Line, NewestFrame, SubscriptionEnded
from core.control.messages import (
    AnyCommand,
    EventPush,
    GetFrame,
    InstanceAction,
    InstanceActionName,
    Reply,
    Scale,
    SetLatency,
    SetStartPolicy,
    StopEngine,
    SubscribeEvents,
    SubscribeFrames,
)
from core.frames.frame import Frame
from core.model.start_policies import StartPolicyName

__all__ = ["ControlClient", "EngineGone", "EventSubscription", "SubscriptionEnded"]

_COMMAND_ID = 1
"""Each command has its own connection, so one number does for all."""


class ControlClient:
    """Talk to the engine at a socket; every command and every subscription has its own connection."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    async def connect(cls, path: Path) -> "ControlClient":
        """Return a client of the engine at ``path``. Raises EngineGone when none answers."""
        client = cls(path)
        async with await Line.open(path):
            return client

    async def get_frame(self) -> Frame:
        """Return the frame of this moment. Raises EngineGone."""
        reply = await self._ask(GetFrame(id=_COMMAND_ID))
        if reply.frame is None:
            raise EngineGone(f"the engine at {self._path} gave no frame: {reply.message}")
        return reply.frame

    async def act(self, action: InstanceActionName, instance: str) -> Reply:
        """Ask for an action on an instance and return the answer when it is done. Raises EngineGone."""
        return await self._ask(InstanceAction(id=_COMMAND_ID, action=action, instance=instance))

    async def set_latency(self, scale: float) -> Reply:
        """Ask for another factor on emulated round trips, 0 for none; at most 100. Raises EngineGone."""
        return await self._ask(SetLatency(id=_COMMAND_ID, scale=scale))

    async def scale(self, container: str, region: str, instances: int | None) -> Reply:
        """Ask for so many instances of a class in a region, None for its policy. Raises EngineGone."""
        return await self._ask(Scale(id=_COMMAND_ID, container=container, region=region, instances=instances))

    async def set_start_policy(self, container: str, policy: StartPolicyName) -> Reply:
        """Ask for another way of starting a class's instances. Raises EngineGone."""
        return await self._ask(SetStartPolicy(id=_COMMAND_ID, container=container, policy=policy))

    async def stop_engine(self) -> Reply:
        """Stop the deployment and the engine; the answer comes when all is removed. Raises EngineGone."""
        return await self._ask(StopEngine(id=_COMMAND_ID))

    async def frames(self, per_second: float = 4.0) -> AsyncIterator[Frame]:
        """Yield whole frames until the engine goes: the newest each time, skipping what came meanwhile.

        Raises EngineGone, or SubscriptionEnded when the engine refuses.
        """
        async with await Line.open(self._path) as line:
            await line.send(SubscribeFrames(id=_COMMAND_ID, per_second=per_second))
            line.accepted(await line.receive())
            newest = NewestFrame(line)
            try:
                while True:
                    yield await newest.take()
            finally:
                await newest.close()

    async def events(self) -> "EventSubscription":
        """Subscribe to the events from here on. Raises EngineGone, or SubscriptionEnded when refused."""
        line = await Line.open(self._path)
        try:
            await line.send(SubscribeEvents(id=_COMMAND_ID))
            reply = line.accepted(await line.receive())
            if reply.frame is None:
                raise SubscriptionEnded("the engine sent no frame to go on from")
        except BaseException:
            await line.close()
            raise
        return EventSubscription(line, reply.frame)

    async def _ask(self, command: AnyCommand) -> Reply:
        async with await Line.open(self._path) as line:
            await line.send(command)
            while True:
                push = await line.receive()
                if isinstance(push, Reply):
                    return push


class EventSubscription:
    """The frame of one moment, and every event after it; close it, or use it with ``async with``."""

    def __init__(self, line: "Line", frame: Frame) -> None:
        self.frame = frame
        """The state at the moment of the subscription; the first event's sequence is one higher."""
        self._line = line

    def __aiter__(self) -> "EventSubscription":
        return self

    async def __anext__(self) -> EventPush:
        """Return the next event. Raises EngineGone, or SubscriptionEnded when this side was too slow."""
        while True:
            push = await self._line.receive()
            if isinstance(push, EventPush):
                return push
            if isinstance(push, Reply):
                self._line.accepted(push)

    async def close(self) -> None:
        """End the subscription."""
        await self._line.close()

    async def __aenter__(self) -> "EventSubscription":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
