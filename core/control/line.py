"""One connection to the engine: commands out, pushes in, and one error for whatever breaks."""

import asyncio
from pathlib import Path
from types import TracebackType

import msgspec

from core.control.messages import AnyCommand, AnyPush, Reply

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
        return self.decode(await self.receive_line())

    async def receive_line(self) -> bytes:
        try:
            line = await self._reader.readline()
        except (OSError, ValueError) as error:
            raise self._gone(error) from None
        if not line.endswith(b"\n"):
            raise self._gone("it closed the connection")
        return line

    def decode(self, line: bytes) -> AnyPush:
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


class Newest:
    """Read lines as they come and keep the newest only."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._newest: bytes | None = None
        self._error: EngineGone | None = None
        self._came = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._read())

    async def take(self) -> bytes:
        """Return the newest line not taken yet. Raises EngineGone when there will be none."""
        await self._came.wait()
        self._came.clear()
        line, self._newest = self._newest, None
        if line is None:
            assert self._error is not None
            raise self._error
        if self._error is not None:
            self._came.set()
        return line

    async def close(self) -> None:
        """Stop reading."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _read(self) -> None:
        try:
            while True:
                self._newest = await self._line.receive_line()
                self._came.set()
        except EngineGone as error:
            self._error = error
            self._came.set()
