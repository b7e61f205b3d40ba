"""A container program for tests: tells exactly what it received, and answers byte for byte as asked."""

import asyncio
import gzip
import json
import os
import sys
from collections.abc import AsyncIterator

TEXT = "hello from the container\n" * 40
GZIPPED = gzip.compress(TEXT.encode(), mtime=0)
GATES: dict[str, asyncio.Event] = {}
"""What a held answer waits for, by name."""
RECEIVED: dict[str, int] = {}
"""How often each target was asked for."""


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer requests on one connection until it closes."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            await answer(head, reader, writer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def answer(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request by its path."""
    line, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = line.split(" ")
    headers = [(name, value.strip()) for name, _, value in (one.partition(":") for one in lines)]
    path, _, query = target.partition("?")
    length = 0
    async for data in body_of(headers, reader):
        length += len(data)
    RECEIVED[path] = RECEIVED.get(path, 0) + 1
    kind = path.split("/")[1]
    if kind == "gzip":
        respond(writer, GZIPPED, [("content-encoding", "gzip"), ("content-type", "text/plain")])
    elif kind == "cookies":
        respond(writer, b"", [("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2; HttpOnly")])
    elif kind == "redirect":
        respond(writer, b"", [("location", "/landed")], status="302 Found")
    elif kind == "status":
        writer.write(f"HTTP/1.1 {path.split('/')[2]} Said\r\nx-said: yes\r\n\r\n".encode())
    elif kind == "large" and method == "HEAD":
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 123456\r\n\r\n")
    elif kind == "held":
        await held(query, writer)
    elif kind == "late":
        await GATES.setdefault(query, asyncio.Event()).wait()
        respond(writer, b"late")
    elif kind == "open":
        GATES.setdefault(query, asyncio.Event()).set()
        respond(writer, b"opened")
    elif kind == "count":
        respond(writer, str(RECEIVED.get("/" + query, 0)).encode())
    elif kind == "name":
        respond(writer, os.environ.get("INSTANCE_NAME", str(os.getpid())).encode())
    elif kind == "environment":
        respond(writer, os.environ.get(query, "").encode())
    elif kind == "exit":
        os._exit(int(query or 0))
    else:
        told = {"method": method, "target": target, "headers": headers, "body_bytes": length}
        respond(writer, json.dumps(told).encode(), [("content-type", "application/json")])


async def held(name: str, writer: asyncio.StreamWriter) -> None:
    """Send the first part, and the second once somebody has asked for /open?NAME."""
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n")
    await writer.drain()
    await GATES.setdefault(name, asyncio.Event()).wait()
    writer.write(b"6\r\nsecond\r\n0\r\n\r\n")


async def body_of(headers: list[tuple[str, str]], reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield the body of a request, of known length or in chunks."""
    named = {name.lower(): value for name, value in headers}
    if "chunked" in named.get("transfer-encoding", ""):
        while size := int(await reader.readline(), 16):
            yield await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return
    left = int(named.get("content-length", 0))
    while left:
        data = await reader.read(min(left, 65_536))
        left -= len(data)
        yield data


def respond(
    writer: asyncio.StreamWriter,
    body: bytes,
    headers: list[tuple[str, str]] | None = None,
    status: str = "200 OK",
) -> None:
    """Write one whole answer."""
    fields = [*(headers or []), ("content-length", str(len(body)))]
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    writer.write(f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body)


async def main() -> None:
    """Listen on the port that the engine gives."""
    server = await asyncio.start_server(talk, "127.0.0.1", int(os.environ["PORT"]), limit=1 << 20)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
