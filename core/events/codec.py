"""Events as JSON lines, and their JSON Schema."""

from typing import Any

import msgspec

from core.events.types import AnyEvent

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def encode(event: AnyEvent) -> bytes:
    """Return the event as one line of JSON, without the line end."""
    return _encoder.encode(event)


def decode(line: bytes | str) -> AnyEvent:
    """Read one line of JSON; raises msgspec.DecodeError where it is no event."""
    return _decoder.decode(line)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of one line of ``--json``."""
    described = msgspec.json.schema(AnyEvent)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hybrid-tui event",
        **described,
    }
