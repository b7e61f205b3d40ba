"""The JSON of the frames as typed records: see ``frames`` for what each says."""

import struct
from typing import Any, Literal

import msgspec

from core.http.messages import Headers

U32 = struct.Struct("<I")
Fields = list[tuple[str, str]]
"""Header fields as JSON carries them: latin-1 text."""


class BodyPlace(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Where a body of the isolate is to be found: behind the line feed, or under a stream's number."""

    inline: bool = False
    passed: int = msgspec.field(default=0, name="pass")
    stream: int = 0


class SocketPlace(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Whose socket an answer switches to."""

    passed: int = msgspec.field(default=0, name="pass")
    own: int = 0


class RequestHead(msgspec.Struct, gc=False):
    """REQUEST."""

    trace: str
    method: str
    url: str
    headers: Fields
    body: int = 0
    cf: dict[str, Any] = {}


class ResponseHead(msgspec.Struct, gc=False, omit_defaults=True, kw_only=True):
    """RESPONSE."""

    status: int = 0
    headers: Fields
    body: int = 0
    socket: int = 0
    error: str | None = None


class CallHead(msgspec.Struct, gc=False):
    """CALL."""

    request: int
    number: int
    binding: str
    method: str
    url: str
    headers: Fields
    instance: str | None = None
    port: int | None = None
    operation: str | None = None
    body: BodyPlace | None = None


class AnswerHead(msgspec.Struct, gc=False):
    """ANSWER."""

    status: int
    headers: Fields
    body: BodyPlace | None = None
    socket: SocketPlace | None = None


class Failed(msgspec.Struct, gc=False):
    """FAILED and LOAD_FAILED."""

    message: str
    code: Literal[1101, 1102] = 1101


class Finished(msgspec.Struct, gc=False):
    """FINISHED."""

    cpu_ms: float
    alone: bool = False


class LogLine(msgspec.Struct, gc=False):
    """LOG."""

    level: Literal["log", "warning", "error", "exception"]
    text: str


class Notified(msgspec.Struct, gc=False):
    """NOTIFIED."""

    handled: bool


class Pong(msgspec.Struct, gc=False):
    """PONG."""

    heap_bytes: float = 0


class Ready(msgspec.Struct, gc=False):
    """READY."""

    handlers: list[str] = []
    classes: list[str] = []


class Closing(msgspec.Struct, gc=False):
    """CLOSE."""

    code: int = 1005
    reason: str = ""


encode = msgspec.json.Encoder().encode
decode_request = msgspec.json.Decoder(RequestHead).decode
decode_response = msgspec.json.Decoder(ResponseHead).decode
decode_call = msgspec.json.Decoder(CallHead).decode
decode_answer = msgspec.json.Decoder(AnswerHead).decode
decode_failed = msgspec.json.Decoder(Failed).decode
decode_finished = msgspec.json.Decoder(Finished).decode
decode_log = msgspec.json.Decoder(LogLine).decode
decode_notified = msgspec.json.Decoder(Notified).decode
decode_pong = msgspec.json.Decoder(Pong).decode
decode_ready = msgspec.json.Decoder(Ready).decode
decode_closing = msgspec.json.Decoder(Closing).decode


def split(payload: bytes) -> tuple[bytes, bytes]:
    """Return the JSON and the inline body behind it."""
    head, _, body = payload.partition(b"\n")
    return head, body


def to_fields(headers: Headers) -> Fields:
    """Return header fields as JSON carries them."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def to_headers(fields: Fields) -> Headers:
    """Return header fields as the wire carries them. Raises UnicodeEncodeError for text beyond latin-1."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
