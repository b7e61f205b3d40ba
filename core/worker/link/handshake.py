"""The header fields of a WebSocket handshake that the engine answers, asks for, or corrects (RFC 6455)."""

import base64
import hashlib
import secrets
from collections.abc import Sequence

from websockets.exceptions import InvalidHandshake
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.headers import parse_extension

from core.http.messages import Headers, find_header

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = b"sec-websocket-key"
_ACCEPT = b"sec-websocket-accept"
_VERSION = b"sec-websocket-version"
_EXTENSIONS = b"sec-websocket-extensions"
_WRITTEN_BY_THE_ENGINE = frozenset({b"upgrade", b"connection", _ACCEPT, _EXTENSIONS, b"content-length"})
NOT_ASKED_FOR = (
    "Worker tried to return WebSocket in a response to a request which did not contain the header "
    '"Upgrade: websocket".'
)


def asks_for_websocket(headers: Headers) -> bool:
    """Say whether a request asks for a WebSocket."""
    return (find_header(headers, b"upgrade") or b"").lower() == b"websocket"


def accepted(asked: Headers, answered: Headers) -> Headers:
    """Return the fields that accept a visitor's WebSocket. Raises ValueError when it did not ask for one.

    No extension is agreed on; fields that the Worker set, such as the subprotocol, stay.
    """
    key = find_header(asked, _KEY)
    if key is None or not asks_for_websocket(asked):
        raise ValueError(NOT_ASKED_FOR)
    kept = [field for field in answered if field[0].lower() not in _WRITTEN_BY_THE_ENGINE]
    return [(b"upgrade", b"websocket"), (b"connection", b"Upgrade"), (_ACCEPT, _accept(key)), *kept]


def passed_on(asked: Headers, answered: Headers) -> Headers:
    """Return a container's fields as they accept the visitor's own key, though another one was sent on."""
    key = find_header(asked, _KEY)
    if key is None or find_header(answered, _ACCEPT) in (None, _accept(key)):
        return answered
    return [(name, _accept(key) if name.lower() == _ACCEPT else value) for name, value in answered]


def completed(headers: Headers) -> Headers:
    """Return the fields of a Worker's own request for a WebSocket with what the handshake needs."""
    names = {name.lower() for name, _ in headers}
    made = list(headers)
    if b"connection" not in names:
        made.append((b"connection", b"Upgrade"))
    if _KEY not in names:
        made.append((_KEY, base64.b64encode(secrets.token_bytes(16))))
    if _VERSION not in names:
        made.append((_VERSION, b"13"))
    return made


def extensions_of(answered: Headers) -> Sequence[Extension]:
    """Return the extensions that a server has agreed to. Raises InvalidHandshake for any but deflate."""
    value = find_header(answered, _EXTENSIONS)
    if value is None:
        return []
    agreed: list[Extension] = []
    factory = ClientPerMessageDeflateFactory(client_max_window_bits=True)
    for name, parameters in parse_extension(value.decode("latin-1")):
        if name != factory.name:
            raise InvalidHandshake(f"the server chose the unknown extension {name}")
        agreed.append(factory.process_response_params(parameters, agreed))
    return agreed


def _accept(key: bytes) -> bytes:
    return base64.b64encode(hashlib.sha1(key + _GUID).digest())
