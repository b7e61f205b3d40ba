"""What an isolate tells its runtime, and what the runtime tells it: one JSON object a line."""

from typing import Literal

import msgspec

LogLevel = Literal["log", "warning", "error", "exception"]


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=str.lower):
    """The base of all messages."""


class Ready(Message, frozen=True, kw_only=True):
    """The Worker is loaded and the isolate listens."""


class LoadFailed(Message, frozen=True, kw_only=True):
    """The Worker's module could not be loaded; ``message`` names file, line and error."""

    message: str


class Log(Message, frozen=True, kw_only=True):
    """The Worker printed or logged a line, or raised; ``trace_id`` is empty outside of a request."""

    trace_id: str
    level: LogLevel
    text: str


class Finished(Message, frozen=True, kw_only=True):
    """A request is done, well or not; ``cpu_ms`` is the CPU time that its tasks used."""

    trace_id: str
    cpu_ms: float


class Pong(Message, frozen=True, kw_only=True):
    """The isolate's loop turned after the ping of this number."""

    number: int


Report = Ready | LoadFailed | Log | Finished | Pong


class Setup(Message, frozen=True, kw_only=True):
    """The first line that an isolate reads: what it runs and where it listens."""

    main: str
    socket: str
    gateway: str
    vars: dict[str, str]
    bindings: tuple[str, ...]
    cpu_limit_ms: float


class Ping(Message, frozen=True, kw_only=True):
    """Ask whether the isolate's loop still turns."""

    number: int


class Stop(Message, frozen=True, kw_only=True):
    """End; an isolate whose commands end without this has lost its engine."""


_encoder = msgspec.json.Encoder()
_report_decoder: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)
_command_decoder: msgspec.json.Decoder[Setup | Ping | Stop] = msgspec.json.Decoder(Setup | Ping | Stop)


def encode_line(message: Message) -> bytes:
    """Return the message as one line with its end."""
    return _encoder.encode(message) + b"\n"


def decode_report(line: bytes) -> Report:
    """Read a line of an isolate; raises msgspec.DecodeError."""
    return _report_decoder.decode(line)


def decode_command(line: bytes) -> Setup | Ping | Stop:
    """Read a line of a runtime; raises msgspec.DecodeError."""
    return _command_decoder.decode(line)
