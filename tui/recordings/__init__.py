"""Recorded event streams, one compressed file of JSON lines each, and how to read them."""

import gzip
from importlib.resources import files

from core.events.codec import decode
from core.events.types import AnyEvent

NAMES = ("busy", "failing", "starting")


def load(name: str) -> list[AnyEvent]:
    """Return the events of a recording, in order. Raises FileNotFoundError for an unknown name."""
    data = (files(__name__) / f"{name}.jsonl.gz").read_bytes()
    return [decode(line) for line in gzip.decompress(data).splitlines()]
