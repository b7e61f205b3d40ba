"""A container program for tests: takes and gives bodies of any size, and misbehaves when asked to."""

import asyncio
import os
import sys

CHUNK = bytes(65_536)
HANGING: list[asyncio.StreamWriter] = []


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer requests on one connection until it closes."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            await answer(head, reader, writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def answer(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request by its path."""
    target = head.split(b" ", 2)[1].decode()
    if target.startswith("/take"):
        await take(head, reader, writer)
    elif target.startswith("/give/"):
        await give(int(target.rpartition("/")[2]), writer)
    elif target == "/upgrade":
        await echo(reader, writer)
    elif target == "/die":
        os._exit(3)
    elif target == "/eat":
        eaten = bytearray(10**9)
        eaten[::4096] = b"x" * len(eaten[::4096])
        await asyncio.sleep(60)
    elif target == "/hang":
        HANGING.append(writer)
        await asyncio.sleep(60)
    elif target == "/hanging":
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n%d" % len(HANGING))
    else:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello\n")
    await writer.drain()


async def take(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the whole body and tell its length."""
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    left = length
    while left:
        left -= len(await reader.readexactly(min(left, 65_536)))
    said = str(length).encode()
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(said), said))


async def give(length: int, writer: asyncio.StreamWriter) -> None:
    """Send a body of this length, as slowly as it is read."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % length)
    while length > 0:
        part = CHUNK[:length]
        writer.write(part)
        await writer.drain()
        length -= len(part)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Leave HTTP and send every byte back until the peer has closed its side."""
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n")
    while part := await reader.read(65_536):
        writer.write(part)
        await writer.drain()


async def main() -> None:
    """Listen on the port that the engine gives."""
    host = os.environ.get("HOST", "127.0.0.1")
    server = await asyncio.start_server(talk, host, int(os.environ["PORT"]), limit=1 << 20)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
