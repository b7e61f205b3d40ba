"""Write the head of a request as it goes over the wire."""

import re

from core.http.fields import HOP_BY_HOP, asked_upgrade, connection_tokens
from core.http.messages import Headers, Request

Address = tuple[str, int] | str
"""Where a server listens: host and port, or the path of a Unix socket."""

_BAD_TARGET = re.compile(r"[^\x21-\x7e\x80-\xff]")
_BAD_METHOD = re.compile(r"[^!#$%&'*+.^_`|~0-9A-Za-z-]")
_NOT_SENT = HOP_BY_HOP | {b"expect"}
"""``expect`` is settled between the visitor and the server: its body comes when it is read."""
_UPGRADE_NAMES = frozenset({b"connection", b"upgrade"})
_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})

CHUNKED = -1
"""In the place of a body's length: its end is marked in the stream."""


def encode_head(request: Request, address: Address) -> tuple[bytes, int]:
    """Return the head and the length of the body that it announces (or ``CHUNKED``).

    Fields of the connection are left out, except for those of an upgrade; all others go byte for
    byte in order. Raises ValueError for a method, target or field that would break the framing.
    """
    if _BAD_TARGET.search(request.target) or not request.target:
        raise ValueError(f"not a valid request target: {request.target[:100]!r}")
    if _BAD_METHOD.search(request.method) or not request.method:
        raise ValueError(f"not a valid method: {request.method[:100]!r}")
    lines = [f"{request.method} {request.target} HTTP/1.1\r\n".encode("latin-1")]
    dropped = _dropped_names(request.headers)
    length = 0 if request.body is None else CHUNKED
    has_host = has_length = False
    for name, value in request.headers:
        key = name.lower()
        if key in dropped:
            continue
        if key == b"content-length":
            if request.body is None and value != b"0":
                continue
            length = _length(value)
            has_length = True
        elif key == b"host":
            has_host = True
        lines.append(name + b": " + value + b"\r\n")
    if not has_host:
        lines.append(_host(address))
    if length == CHUNKED:
        lines.append(b"transfer-encoding: chunked\r\n")
    elif not has_length and request.method in _METHODS_WITH_BODY:
        lines.append(b"content-length: 0\r\n")
    lines.append(b"\r\n")
    head = b"".join(lines)
    if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
        raise ValueError("a header field holds a line break")
    return head, length


def _dropped_names(headers: Headers) -> set[bytes] | frozenset[bytes]:
    tokens = connection_tokens(headers)
    if not tokens:
        return _NOT_SENT
    if asked_upgrade(headers) is not None:
        return _NOT_SENT - _UPGRADE_NAMES
    return _NOT_SENT.union(tokens) - {b"close"}


def _length(value: bytes) -> int:
    if not value.isdigit():
        raise ValueError(f"not a content-length: {value[:20]!r}")
    return int(value)


def _host(address: Address) -> bytes:
    if isinstance(address, str):
        return b"host: localhost\r\n"
    return f"host: {address[0]}:{address[1]}\r\n".encode("latin-1")
