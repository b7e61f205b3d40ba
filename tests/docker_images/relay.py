"""What stands before a registry and lets so much of each connection through, until it is told to go on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CHUNK_BYTES = 16_384


class Relay:
    """Pass bytes on to another address, both ways."""

    def __init__(self, address: str, most_bytes: int) -> None:
        self.address = ""
        """Where it listens, once it does."""
        self.go_on = asyncio.Event()
        """Set when more than ``most_bytes`` of a connection's answers may pass."""
        self._to = address
        self._most_bytes = most_bytes

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, to its end."""
        host, _, port = self._to.partition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(self._pass(reader, far_writer), self._pass_held(far_reader, writer))
        far_writer.close()
        writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _pass_held(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passed = 0
        while data := await reader.read(CHUNK_BYTES):
            passed += len(data)
            if passed > self._most_bytes:
                await self.go_on.wait()
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def relay(address: str, most_bytes: int) -> AsyncIterator[Relay]:
    """Run a relay to ``address`` on the loopback."""
    one = Relay(address, most_bytes)
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    one.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield one
    finally:
        one.go_on.set()
        server.close()
