"""What an isolate's process is told before it loads its Worker: one line of JSON on its standard input."""

from typing import Any

import msgspec


class Setup(msgspec.Struct, kw_only=True):
    """``socket`` and ``mark`` are files of the isolate's private folder; ``bindings`` gives their classes."""

    main: str
    socket: str
    mark: str
    variables: dict[str, Any]
    bindings: dict[str, str]
    cpu_limit_ms: float
    sub_request_limit: int


decode_setup = msgspec.json.Decoder(Setup).decode


def encode_setup(setup: Setup) -> bytes:
    """Return the line, with its end."""
    return msgspec.json.encode(setup) + b"\n"
