"""One connection to the engine: commands out, pushes in, and one error for whatever breaks."""

import asyncio
from pathlib import Path
from types import TracebackType

import msgspec

from core.control.messages import AnyCommand, AnyPush, FramePush, Reply
from core.frames.frame import Frame
from core.frames.parts import join

MAX_LINE_BYTES = 64 * 1024 * 1024

_decoder: msgspec.json.Decoder[AnyPush] = msgspec.json.Decoder(AnyPush)


class EngineGone(Exception):
    """No engine answers, or it went away: the message says which socket, and how it was noticed."""


class SubscriptionEnded(Exception):
    """The engine ended a subscription or refused it, and lives on: the message says why."""


class Line:
    """One connection: commands out, pushes in; whatever breaks is EngineGone."""

    def __init__(self, path: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._path = path
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, path: Path) -> "Line":
        try:
            reader, writer = await asyncio.open_unix_connection(str(path), limit=MAX_LINE_BYTES)
        except OSError as error:
            raise EngineGone(f"no engine answers at {path} ({error.strerror or error})") from None
        return cls(path, reader, writer)

    async def send(self, command: AnyCommand) -> None:
        try:
            self._writer.write(msgspec.json.encode(command) + b"\n")
            await self._writer.drain()
        except OSError as error:
            raise self._gone(error) from None

    async def receive(self) -> AnyPush:
        try:
            line = await self._reader.readline()
        except (OSError, ValueError) as error:
            raise self._gone(error) from None
        if not line.endswith(b"\n"):
            raise self._gone("it closed the connection")
        try:
            return _decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise EngineGone(f"the engine at {self._path} speaks another version: {error}") from None

    def accepted(self, push: AnyPush) -> Reply:
        """Return the reply that a subscription was accepted with. Raises SubscriptionEnded."""
        if not isinstance(push, Reply):
            raise SubscriptionEnded("the engine answered out of turn")
        if not push.ok:
            raise SubscriptionEnded(push.message)
        return push

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            return  # the other side was first, and that is as good

    def _gone(self, why: object) -> EngineGone:
        return EngineGone(f"the engine at {self._path} went away ({why})")

    async def __aenter__(self) -> "Line":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class NewestFrame:
    """Read frames as they come, join each with those before it, and keep the newest only."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._whole: Frame | None = None
        self._taken = True
        self._error: EngineGone | SubscriptionEnded | None = None
        self._came = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._read())

    async def take(self) -> Frame:
        """Return the newest frame not taken yet. Raises EngineGone or SubscriptionEnded after the last."""
        await self._came.wait()
        if self._whole is not None and not self._taken:
            self._taken = True
            if self._error is None:
                self._came.clear()
            return self._whole
        assert self._error is not None
        raise self._error

    async def close(self) -> None:
        """Stop reading."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _read(self) -> None:
        try:
            while True:
                push = await self._line.receive()
                if isinstance(push, FramePush):
                    self._whole, self._taken = join(self._whole, push.frame, push.after), False
                    self._came.set()
                elif isinstance(push, Reply):
                    self._line.accepted(push)
        except (EngineGone, SubscriptionEnded) as error:
            self._error = error
            self._came.set()
