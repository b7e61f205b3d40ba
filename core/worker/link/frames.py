"""The frames between the engine and an isolate, over one Unix socket: what each kind means, and its bytes.

A frame is ``u32 payload length, u8 kind, u32 id`` (little endian) and the payload. Payloads called JSON
are one JSON object without a line feed; where a body goes with it, ``\\n`` and the body's bytes follow.

Bodies are passed by reference: who has a body gives it a stream number (odd: the engine's; even: the
isolate's), and its bytes move only when the other side pulls them. So a body that the Worker passes on
unread never enters the isolate.
"""

import struct
from enum import IntEnum

HEADER = struct.Struct("<IBI")
HEADER_BYTES = HEADER.size
LONGEST_MESSAGE_BYTES = 32 * 1024 * 1024
"""The longest WebSocket message, as on the platform."""
LONGEST_PAYLOAD_BYTES = LONGEST_MESSAGE_BYTES + 64 * 1024
"""A longer payload is a broken link: the engine ends the isolate that announces one."""
CREDIT_BYTES = 256 * 1024
"""What a reader asks for at a time; it asks again when half of it has been used."""


class Kind(IntEnum):
    """What a frame is about. ``id`` is the number of a request, a call, a stream or a socket."""

    # The engine to the isolate
    REQUEST = 1
    """id: request. JSON {trace, method, url, headers: [[name, value]], body: STREAM or 0, cf: {}}."""
    CANCEL = 2
    """id: request. Its visitor has left, or the engine has given it to another isolate. FINISHED follows
    all the same, where the isolate had begun on it; calls that it makes from now on are refused."""
    NOTIFY = 3
    """id: request. JSON {trace, type: "scheduled", cron, time_ms}, or {trace, type: "container", binding,
    instance, kind, exit_code, reason, message}. Answered by NOTIFIED or FAILED, then FINISHED."""
    RESPONSE = 4
    """id: call. JSON {status, headers, body: STREAM or 0, socket: SOCKET or 0}, or {error: text}: the call
    rejects with an Error of that text. A socket comes with status 101; nothing of it is read before
    the isolate ACCEPTs it."""
    PING = 5
    """id: number."""

    # The isolate to the engine
    READY = 17
    """id 0. JSON {handlers: ["fetch", "scheduled"], classes: [exported names]}: the Worker is loaded."""
    LOAD_FAILED = 18
    """id 0. JSON {message}: the module cannot be used; file, line and error."""
    CALL = 19
    """id: call (numbered by the isolate). JSON {request, number, binding, instance, port, operation, method,
    url, headers, body: BODY}; ``request`` is the request's id, 0 outside of requests."""
    ANSWER = 20
    """id: request. JSON {status, headers, body: BODY, socket: null, {"pass": SOCKET} or {"own": SOCKET}}."""
    FAILED = 21
    """id: request. JSON {message, code: 1101 or 1102; 1101 when absent}: uncaught exception with its stack,
    no Response, or a limit that the isolate holds itself. The first line says what happened. The engine
    logs the message as an exception: the isolate sends no LOG for it. After ANSWER it breaks off the body."""
    FINISHED = 22
    """id: request. JSON {cpu_ms, alone}: the last of a request, after its body, its waitUntil and its
    sockets; ``alone`` when the isolate worked on no other request meanwhile, so that the CPU time is exact.
    The engine drops what the isolate has left unread of the request's streams, sockets and calls."""
    LOG = 23
    """id: request, or 0. JSON {level: "log"|"warning"|"error"|"exception", text}."""
    PONG = 24
    """id: number of the ping. JSON {heap_bytes}."""
    NOTIFIED = 25
    """id: request. JSON {handled: bool}."""

    # Both ways
    PULL = 33
    """id: stream of the other side. Payload u32: so many more bytes are wanted."""
    DATA = 34
    """id: own stream. Bytes, never more than were pulled."""
    END = 35
    """id: own stream. It has ended well."""
    ABORT = 36
    """id: own stream. UTF-8 text: it broke off."""
    DROP = 37
    """id: stream of the other side. The rest is not wanted."""
    ACCEPT = 38
    """id: socket of the other side. Its messages are wanted from now on. The isolate accepts a container's
    socket; the engine accepts one of the isolate's own once the visitor's handshake is done."""
    MESSAGE = 39
    """id: socket of either side. First byte 0 text (UTF-8) or 1 binary, then a WebSocket message."""
    CLOSE = 40
    """id: socket of either side. JSON {code, reason}: 1006 when the connection was lost, 1005 where a close
    came without a code. Each side sends at most one; a socket is over when both have sent theirs, or
    after 1006. A socket that nobody accepted is let go of with it too."""


# BODY in a frame of the isolate: null for none, {"inline": true} for the bytes after the line feed,
# {"pass": STREAM} for a stream of the engine that nobody has begun to read, {"stream": STREAM} for its own.
#
# A stream or socket is passed at most once, by the request that got it, and nothing follows about it.
# ``url`` is absolute; of a CALL's, its host says where to, and the engine writes the Host field from it.
# Header fields are latin-1 text, in order, as received. For an inline body the engine writes content-length.
#
# A file that the isolate overwrites in place (MARK: two u32, little endian) holds the id of the request it
# works on and the highest request id it has begun, so that the engine can tell who holds up a stuck isolate.
MARK = struct.Struct("<II")


def frame(kind: Kind, identity: int, payload: bytes = b"") -> bytes:
    """Return one frame as bytes."""
    return HEADER.pack(len(payload), kind, identity) + payload
