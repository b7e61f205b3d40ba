"""The engine's side of the door: a Unix socket that only its owner may open."""

import asyncio
import logging
import math
import os
import socket
import stat
from pathlib import Path

import msgspec

from core.control.connection import MAX_COMMAND_BYTES, Connection, Tasks, encode_push
from core.control.feeds import EventFeed, FrameFeed
from core.control.messages import (
    AnyCommand,
    GetFrame,
    InstanceAction,
    Reply,
    Scale,
    SetLatency,
    SetStartPolicy,
    StopEngine,
    SubscribeEvents,
    SubscribeFrames,
)
from core.control.operator import OperationRefused, Operator
from core.events.bus import EventBus
from core.frames.fold import FrameFold

log = logging.getLogger(__name__)

Order = InstanceAction | SetLatency | Scale | SetStartPolicy | StopEngine
"""What a person asks for, and the operator carries out."""

MAX_CLIENTS = 64
MAX_ACTIONS = 64
"""Actions under way at once, of all clients together."""
CLOSING_S = 5.0
"""Seconds that actions under way get to end when the door closes."""
LEAVING_S = 1.0
"""Seconds that a client gets to read what is still waiting for it when the door closes."""

_decoder: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)


class AlreadyServed(Exception):
    """Another engine answers at this socket."""


class ControlServer:
    """Answer commands and feed subscribers until closed.

    ``fold`` has to be subscribed to ``bus`` from the first event on, by whoever made the two.
    """

    def __init__(self, bus: EventBus, fold: FrameFold, operator: Operator, path: Path) -> None:
        self._bus = bus
        self._fold = fold
        self._operator = operator
        self._path = path
        self._frames = FrameFeed(bus, fold)
        self._events = EventFeed(bus)
        self._connections: set[Connection] = set()
        self._actions = Tasks()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Open the socket. Raises AlreadyServed, or OSError when it cannot be made."""
        if self._fold.sequence != self._bus.sequence:
            raise ValueError("the fold has missed events: subscribe it to the bus before the first one")
        listening = _listen(self._path)
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listening, backlog=MAX_CLIENTS, limit=MAX_COMMAND_BYTES
        )

    async def close(self) -> None:
        """Answer what is under way, let every client go, and remove the socket."""
        if self._server is not None:
            self._server.close()
        await self._actions.finish(CLOSING_S)
        await self._frames.close()
        self._events.close()
        for connection in list(self._connections):
            connection.close(LEAVING_S)
        if self._server is not None:
            await asyncio.gather(*(connection.closed() for connection in list(self._connections)))
            await self._server.wait_closed()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(writer)
        if len(self._connections) >= MAX_CLIENTS:
            connection.reply(Reply(id=0, ok=False, message=f"{MAX_CLIENTS} clients are connected already"))
            connection.close()
            return
        self._connections.add(connection)
        try:
            await self._read_commands(reader, connection)
        except ConnectionError as error:
            log.debug("a control client went away: %s", error)
        finally:
            self._frames.remove(connection)
            self._events.remove(connection)
            connection.close()
            await connection.closed()
            self._connections.discard(connection)

    async def _read_commands(self, reader: asyncio.StreamReader, connection: Connection) -> None:
        while not connection.closing:
            try:
                line = await reader.readline()
            except ValueError:
                message = f"a command may have {MAX_COMMAND_BYTES} bytes"
                connection.reply(Reply(id=0, ok=False, message=message))
                return
            if not line.endswith(b"\n"):
                return
            self._answer(line, connection)
            await connection.drained()

    def _answer(self, line: bytes, connection: Connection) -> None:
        try:
            command = _decoder.decode(line)
        except msgspec.MsgspecError as error:
            message = f"this is no command: {error}"
            connection.reply(Reply(id=_id_of(line), ok=False, message=message))
            return
        match command:
            case GetFrame():
                connection.reply(Reply(id=command.id, frame=self._frames.frame()))
            case SubscribeFrames():
                self._subscribe_frames(command, connection)
            case SubscribeEvents():
                reply = encode_push(Reply(id=command.id, frame=self._frames.frame()))
                self._events.add(connection, command.id, reply)
            case InstanceAction() | SetLatency() | Scale() | SetStartPolicy() | StopEngine():
                self._begin(command, connection)

    def _subscribe_frames(self, command: SubscribeFrames, connection: Connection) -> None:
        if not (math.isfinite(command.per_second) and command.per_second > 0):
            message = f"per_second must be a number above 0, not {command.per_second}"
            connection.reply(Reply(id=command.id, ok=False, message=message))
            return
        connection.reply(Reply(id=command.id))
        self._frames.add(connection, command.per_second)

    def _begin(self, command: Order, connection: Connection) -> None:
        if len(self._actions) >= MAX_ACTIONS and not isinstance(command, StopEngine):
            message = f"{MAX_ACTIONS} actions are under way already; try again when some are done"
            connection.reply(Reply(id=command.id, ok=False, message=message))
            return
        self._actions.start(self._act(command, connection))

    async def _act(self, command: Order, connection: Connection) -> None:
        """Carry an action out to its end, even when the client that asked has gone meanwhile."""
        try:
            message = await self._carry_out(command)
            connection.reply(Reply(id=command.id, message=message))
        except OperationRefused as refused:
            connection.reply(Reply(id=command.id, ok=False, message=str(refused)))
        except Exception as error:
            log.exception("a control command failed: %s", command)
            message = f"the engine failed at this ({type(error).__name__}: {error}); its log has more"
            connection.reply(Reply(id=command.id, ok=False, message=message))

    async def _carry_out(self, command: Order) -> str:
        """Let the operator do it, and return what was done."""
        match command:
            case InstanceAction():
                return await self._operator.act(command.action, command.instance)
            case SetLatency():
                return await self._operator.set_latency(command.scale)
            case Scale():
                return await self._operator.scale(command.container, command.region, command.instances)
            case SetStartPolicy():
                return await self._operator.set_start_policy(command.container, command.policy)
            case StopEngine():
                await self._operator.stop()
                return "stopped"


class _Numbered(msgspec.Struct):
    id: int = 0


def _id_of(line: bytes) -> int:
    """Return the number of a command that could not be read otherwise, 0 when it has none."""
    try:
        return msgspec.json.decode(line, type=_Numbered).id
    except msgspec.MsgspecError:
        return 0


def _listen(path: Path) -> socket.socket:
    """Make the socket, listening, so that another engine sees it taken at once.

    Nobody can connect before it is closed to other users.
    """
    _remove_stale(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(path))
        os.chmod(path, stat.S_IRUSR | stat.S_IWUSR)
        listening.listen(MAX_CLIENTS)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


def _remove_stale(path: Path) -> None:
    """Remove the socket that a killed engine left behind. Raises AlreadyServed when one answers."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        else:
            raise AlreadyServed(f"another engine answers at {path}")
