"""The engine's end of a link, frame by frame: sends what a test says, gives what the isolate sends."""

import asyncio
import json
import shutil
import struct
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from core.worker.deno.launcher import HOST
from core.worker.deno.program import environment, find_deno, isolate_command
from core.worker.link.frames import HEADER, HEADER_BYTES, MARK, Kind, frame

FETCH = "export default {{ async fetch(request, env, ctx) {{\n{body}\n}} }};\n"
SHARED = HOST.parent.parent.parent / "javascript"


class Peer:
    """A link to one isolate."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mark: Path) -> None:
        self._reader = reader
        self.writer = writer
        self._mark = mark
        self.process: asyncio.subprocess.Process | None = None

    def kill(self) -> None:
        """End an isolate that would not see the end of its link."""
        assert self.process is not None
        self.process.kill()

    def send(self, kind: Kind, identity: int, payload: bytes | dict[str, Any] = b"") -> None:
        """Send a frame."""
        self.writer.write(frame(kind, identity, payload if isinstance(payload, bytes) else as_json(payload)))

    def request(self, identity: int, path: str = "/", body: int = 0, **head: Any) -> None:
        """Send a request."""
        url = f"http://a.example{path}"
        told = {"trace": f"t{identity}", "method": "GET", "url": url, "headers": [], "body": body, "cf": {}}
        self.send(Kind.REQUEST, identity, {**told, **head})

    def pull(self, stream: int, count: int) -> None:
        """Want bytes of a stream."""
        self.send(Kind.PULL, stream, struct.pack("<I", count))

    async def receive(self) -> tuple[Kind, int, bytes]:
        """Return the next frame."""
        head = await asyncio.wait_for(self._reader.readexactly(HEADER_BYTES), 20.0)
        length, kind, identity = HEADER.unpack(head)
        return Kind(kind), identity, await self._reader.readexactly(length)

    async def expect(self, kind: Kind, identity: int | None = None) -> Any:
        """Return the payload of the next frame, which must be of this kind; JSON where it is JSON."""
        got, number, payload = await self.receive()
        assert (got, identity in (None, number)) == (kind, True), (got, number, payload)
        head, _, body = payload.partition(b"\n")
        if not head.startswith(b"{"):
            return payload
        return {**json.loads(head), "bytes": body} if body else json.loads(head)

    def mark(self) -> tuple[int, int]:
        """Return what the isolate works on, and the highest request that it has begun."""
        now, highest = MARK.unpack(self._mark.read_bytes())
        return now, highest


def as_json(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()


@asynccontextmanager
async def linked(folder: Path, source: str, **setup: Any) -> AsyncIterator[Peer]:
    """Load a Worker in Deno and give its link; READY has been read."""
    shared = Path(tempfile.mkdtemp(prefix="peer-"))
    mark, socket = shared / "mark", shared / "link"
    mark.write_bytes(bytes(MARK.size))
    (folder / "worker.ts").write_text(source if "export " in source else FETCH.format(body=source))
    told = {"worker": "shop", "vars": {}, "bindings": [], "folder": folder.as_uri() + "/", **setup}
    told |= {"socket": str(socket), "mark": str(mark)}
    names = {"cloudflare:workers": "cloudflare_workers.js", "@cloudflare/containers": "containers.js"}
    imports = {name: (SHARED / file).as_uri() for name, file in names.items()}
    (shared / "modules.json").write_text(json.dumps({"imports": imports}))
    (shared / "entry.js").write_text(
        f"import {{ serve }} from {json.dumps(HOST.as_uri())};\n"
        f"await serve(() => import({json.dumps((folder / 'worker.ts').as_uri())}), {json.dumps(told)});\n"
    )
    connected: asyncio.Future[Peer] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_unix_server(
        lambda reader, writer: connected.set_result(Peer(reader, writer, mark)), socket, limit=1 << 26
    )
    command = isolate_command(
        find_deno(),
        entry=shared / "entry.js",
        import_map=shared / "modules.json",
        socket=socket,
        mark=mark,
        heap_limit_mib=128,
    )
    process = await asyncio.create_subprocess_exec(*command, env=environment(shared / "cache"))
    try:
        peer = await asyncio.wait_for(connected, 20.0)
        peer.process = process
        yield peer
        peer.writer.close()
        await asyncio.wait_for(process.wait(), 20.0)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        if connected.done():
            connected.result().writer.close()
        server.close()
        shutil.rmtree(shared)
