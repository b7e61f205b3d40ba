"""What an isolate's process holds in memory, beyond what it held when its Worker had been loaded."""

import os
from pathlib import Path

_STATM = Path("/proc/self/statm")


class Heap:
    """Python does not count the bytes of its objects, so this is what the system has given the process."""

    def __init__(self) -> None:
        self._page_bytes = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
        self._at_start_bytes = self._resident_bytes()

    def bytes_held(self) -> int:
        """Return the bytes; 0 where the system does not tell."""
        return max(self._resident_bytes() - self._at_start_bytes, 0)

    def _resident_bytes(self) -> int:
        try:
            return int(_STATM.read_bytes().split()[1]) * self._page_bytes
        except OSError:
            return 0
