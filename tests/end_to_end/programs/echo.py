"""A container program for tests: echoes WebSocket messages."""

import asyncio
import os

from websockets.asyncio.server import ServerConnection, serve


async def echo(connection: ServerConnection) -> None:
    """Send every message back."""
    async for message in connection:
        await connection.send(message)


async def main() -> None:
    """Listen on the port that the engine gives."""
    async with serve(echo, "127.0.0.1", int(os.environ["PORT"]), max_size=None) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
