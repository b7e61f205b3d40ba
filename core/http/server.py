"""Serve a handler over HTTP/1.1 on a local port or on a Unix socket, inside the running loop."""

import asyncio
import errno
import os
from pathlib import Path

from uvicorn.config import Config
from uvicorn.server import ServerState

from core.http.errors import CannotListen, PortTaken
from core.http.server_protocol import Handler, ServerProtocol
from core.http.upgrade import Upgrades

__all__ = ["Handler", "Server", "serve", "serve_unix"]

BACKLOG = 2048
KEEP_ALIVE_S = 75
"""How long an idle connection is kept open for the visitor's next request."""


class Server:
    """A listening server; made by ``serve`` and ``serve_unix``."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._state = ServerState()
        self._upgrades = Upgrades(handler)
        self._config = Config(
            handler,
            interface="asgi3",
            http=ServerProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
        self._config.load()
        self._listener: asyncio.Server | None = None
        self._path: Path | None = None
        self.port = 0
        """The port in use; 0 on a Unix socket."""

    async def listen(self, host: str, port: int) -> None:
        """Listen on ``host``; port 0 takes a free one. Raises PortTaken or CannotListen."""
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(self._protocol, host, port, backlog=BACKLOG)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(host, port) from error
            raise CannotListen(f"cannot listen on {host}, port {port}: {_reason(error)}") from error
        self.port = self._listener.sockets[0].getsockname()[1]

    async def listen_unix(self, path: Path) -> None:
        """Listen on a Unix socket, replacing what a former run left there. Raises CannotListen."""
        loop = asyncio.get_running_loop()
        try:
            _remove(path)
            self._listener = await loop.create_unix_server(self._protocol, str(path), backlog=BACKLOG)
        except OSError as error:
            raise CannotListen(f"cannot listen on {path}: {_reason(error)}") from error
        self._path = path

    def _protocol(self) -> ServerProtocol:
        return ServerProtocol(self._handler, self._upgrades, self._config, self._state)

    @property
    def connections(self) -> int:
        """Return how many connections are open, upgraded ones included."""
        return len(self._state.connections) + len(self._upgrades.tasks)

    async def stop(self, grace_s: float = 0.0) -> None:
        """Stop listening, let requests end for ``grace_s`` seconds, then cancel them.

        Upgraded connections, which do not end by themselves, are closed at once.
        """
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._path is not None:
            _remove(self._path)
            self._path = None
        for connection in list(self._state.connections):
            connection.shutdown()
        tunnels, requests = set(self._upgrades.tasks), set(self._state.tasks)
        for task in tunnels:
            task.cancel()
        if requests and grace_s > 0:
            _, requests = await asyncio.wait(requests, timeout=grace_s)
        for task in requests:
            task.cancel()
        await asyncio.gather(*tunnels, *requests, return_exceptions=True)
        for connection in list(self._state.connections):
            connection.transport.abort()
        # Transports tell their protocols in the loop's next turn.
        await asyncio.sleep(0)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)


async def serve(handler: Handler, *, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Serve ``handler`` on a TCP port; port 0 takes a free one. Raises PortTaken or CannotListen."""
    server = Server(handler)
    await server.listen(host, port)
    return server


async def serve_unix(handler: Handler, path: Path) -> Server:
    """Serve ``handler`` on a Unix socket. Raises CannotListen."""
    server = Server(handler)
    await server.listen_unix(path)
    return server
