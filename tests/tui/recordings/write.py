"""Writes the recordings anew from the tests' streams: ``python -m tests.tui.recordings.write``."""

import gzip
from pathlib import Path

import tui.recordings
from core.events.codec import encode
from core.events.types import AnyEvent
from tests import streams

FOLDER = Path(tui.recordings.__file__).parent


def compressed(events: list[AnyEvent]) -> bytes:
    """Return events as compressed JSON lines, the same bytes for the same events."""
    return gzip.compress(b"".join(encode(event) + b"\n" for event in events), compresslevel=9, mtime=0)


def main() -> None:
    """Write every recording."""
    for name in tui.recordings.NAMES:
        (FOLDER / f"{name}.jsonl.gz").write_bytes(compressed(getattr(streams, name)()))


if __name__ == "__main__":
    main()
