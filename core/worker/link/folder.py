"""The private folder of one isolate: the socket of its link, its mark, and what its launcher writes."""

import asyncio

from core.worker.link.connection import LinkConnection
from core.worker.link.mark import MarkFile
from core.worker.link.private import PrivateFolder


class IsolateFolder:
    """Readable by this user alone; ``remove`` takes it away."""

    def __init__(self) -> None:
        self._private = PrivateFolder()
        self.path = self._private.path
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
        self._private.remove()


class _Refused(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
