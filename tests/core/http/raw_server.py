"""A server whose every byte the test decides, and what most tests of the client share."""

import asyncio
from collections.abc import Awaitable, Callable

from core.http.messages import Response

WAIT_S = 20


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class RawServer:
    """Runs a script for each connection, and keeps the heads of the requests that it read."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.connections = 0
        self.closed = asyncio.Event()
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, script: Script) -> tuple[str, int]:
        async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            try:
                await script(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()
                self.closed.set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.get_running_loop().create_task(run(reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        self._server = await asyncio.start_server(accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return ("127.0.0.1", self.port)

    async def head(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        return head

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)


def answers(raw: RawServer, *answers_in_order: bytes, close: bool = False) -> Script:
    """Make a script that answers each request with the next answer."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers_in_order:
            await raw.head(reader)
            writer.write(answer)
        if not close:
            await reader.read()

    return script


async def read_all(response: Response) -> bytes:
    if response.body is None:
        return b""
    async with asyncio.timeout(WAIT_S):
        return b"".join([chunk async for chunk in response.body])
