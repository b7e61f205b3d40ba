"""The private folder of one isolate: the socket of its link, its mark, and what its launcher writes."""

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path

from core.worker.link.connection import LinkConnection
from core.worker.link.mark import MarkFile

_LONGEST_PATH_BYTES = 100
"""Paths of Unix sockets have at most 107 bytes on Linux and 103 on macOS."""


class IsolateFolder:
    """Readable by this user alone; ``remove`` takes it away."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="wk-"))
        if len(bytes(self.path)) > _LONGEST_PATH_BYTES or "," in str(self.path):
            # The rights of an isolate are given as a list with commas.
            self.path.rmdir()
            self.path = Path(tempfile.mkdtemp(prefix="wk-", dir="/tmp"))
        self.path = self.path.resolve()
        self.socket = self.path / "s"
        self.mark_path = self.path / "m"
        self.mark = MarkFile(self.mark_path)
        self._server: asyncio.Server | None = None

    async def listen(self, link: LinkConnection) -> None:
        """Let the isolate connect, once, to ``link``. Raises OSError."""
        waiting = [link]

        def accept() -> asyncio.BaseProtocol:
            return waiting.pop() if waiting else _Refused()

        self._server = await asyncio.get_running_loop().create_unix_server(accept, str(self.socket))

    def shut(self) -> None:
        """Let nobody connect any more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def remove(self) -> None:
        """Take the folder away; what was marked last can still be asked for."""
        self.shut()
        self.mark.close()
        with contextlib.suppress(OSError):
            shutil.rmtree(self.path)


class _Refused(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
