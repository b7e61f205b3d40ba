"""Folders that this user alone can read, and that go away even when the engine is killed."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

_PREFIX = "wk-"
_LOCK = "lock"
_LONGEST_PATH_BYTES = 100
"""Paths of Unix sockets, with their names, have at most 107 bytes on Linux and 103 on macOS."""
_YOUNG_S = 60.0
"""A folder without a lock may be one that is just being made."""


class PrivateFolder:
    """A folder that is locked as long as this process lives; ``remove`` takes it away."""

    def __init__(self) -> None:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        if len(bytes(path)) > _LONGEST_PATH_BYTES or "," in str(path):
            # The rights of an isolate are given as a list with commas.
            path.rmdir()
            path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir="/tmp"))
        self.path = path.resolve()
        self._lock: int | None = os.open(self.path / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Take the folder away; safe to call twice."""
        if self._lock is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = None

    def sweep_others(self) -> None:
        """Take away what engines that were killed have left beside this folder."""
        made_s = self.path.lstat().st_mtime
        for path in self.path.parent.glob(f"{_PREFIX}*"):
            # One that cannot be looked into, or is locked, belongs to somebody else.
            with contextlib.suppress(OSError):
                status = path.lstat()
                if status.st_uid == os.getuid() and made_s - status.st_mtime > _YOUNG_S:
                    _remove_unlocked(path)


def _remove_unlocked(path: Path) -> None:
    descriptor = os.open(path / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(descriptor)
