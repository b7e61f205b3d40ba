"""The file in which an isolate marks what it works on, read by the engine without asking."""

import mmap
from pathlib import Path

from core.worker.link.frames import MARK

_HALF = 0x8000_0000


class MarkFile:
    """A mapping of the file; after ``close`` it holds what was marked last."""

    def __init__(self, path: Path) -> None:
        with path.open("xb+") as file:
            file.write(MARK.pack(0, 0))
            file.flush()
            self._map: mmap.mmap | None = mmap.mmap(file.fileno(), MARK.size, access=mmap.ACCESS_READ)
        self._last = (0, 0)

    @property
    def current(self) -> int:
        """Return the id of the request that the isolate works on, or last did."""
        return self._read()[0]

    def has_begun(self, request: int) -> bool:
        """Say whether the isolate has begun on a request; ids begin anew after 2 to the power of 32."""
        return (self._read()[1] - request) & 0xFFFF_FFFF < _HALF

    def close(self) -> None:
        """Let go of the file."""
        if self._map is not None:
            self._last = self._read()
            self._map.close()
            self._map = None

    def _read(self) -> tuple[int, int]:
        if self._map is None:
            return self._last
        current, highest = MARK.unpack_from(self._map)
        return current, highest
