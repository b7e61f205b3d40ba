"""A JavaScript Worker in a real isolate, and a stand-in for what its bindings reach."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.http.messages import Headers, Request, Response, Tunnel, one_chunk
from core.worker.deno.launcher import BindingInfo, DenoLauncher
from core.worker.link.isolate import LinkIsolate
from core.worker.runtime import SubRequest

Reply = Callable[[SubRequest, Request], Awaitable[Response]]
FETCH = "export default {{ async fetch(request, env, ctx) {{\n{body}\n}} }};\n"
STATE = {"status": "stopped", "exit_code": None, "since_ms": 5}


@dataclass
class Answered:
    """An answer, read to its end."""

    status: int
    headers: Headers
    body: bytes
    tunnel: Tunnel | None = None

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """Return the body's JSON value."""
        return json.loads(self.body)

    def fields(self, name: str) -> list[str]:
        """Return the values of a header field."""
        return [value.decode("latin-1") for key, value in self.headers if key.lower() == name.encode()]


@dataclass
class Loaded:
    """A Worker that has been loaded, what it called and what it logged."""

    isolate: LinkIsolate
    calls: list[tuple[SubRequest, Request, bytes]] = field(default_factory=list)
    lines: list[tuple[str, str, str]] = field(default_factory=list)
    logged: asyncio.Event = field(default_factory=asyncio.Event)

    async def fetch(
        self,
        target: str = "/",
        *,
        method: str = "GET",
        headers: Headers | None = None,
        body: AsyncIterator[bytes] | None = None,
        trace: str = "t1",
    ) -> Answered:
        """Ask the Worker, and read its answer to the end."""
        fields = [(b"Host", b"shop.example"), *(headers or [])]
        answer = await self.isolate.fetch(trace, Request(method, target, fields, body))
        response = answer.response
        read = b"".join([chunk async for chunk in response.body]) if response.body else b""
        return Answered(response.status, response.headers, read, response.tunnel)

    async def post(self, body: bytes, target: str = "/", headers: Headers | None = None) -> Answered:
        """Post bytes to the Worker."""
        return await self.fetch(target, method="POST", headers=headers, body=one_chunk(body))

    async def line(self, text: str) -> tuple[str, str, str]:
        """Return the first logged line (trace, level, text) that holds the text, once it is there."""
        while not (found := [line for line in self.lines if text in line[2]]):
            self.logged.clear()
            await asyncio.wait_for(self.logged.wait(), 20.0)
        return found[0]

    def operations(self) -> list[tuple[str, str, Any]]:
        """Return the operations on instances that were asked for: instance, operation, options."""
        return [
            (sub.instance, sub.operation, json.loads(body)) for sub, _, body in self.calls if sub.operation
        ]

    def add_line(self, trace: str, level: str, text: str) -> None:
        """Take a line that the Worker logged."""
        self.lines.append((trace, level, text))
        self.logged.set()


async def said(_sub: SubRequest, request: Request) -> Response:
    """Answer with the request's target."""
    return Response(200, [(b"content-type", b"text/plain")], one_chunk(request.target.encode()))


def with_state(reply: Reply, **state: Any) -> Reply:
    """Answer each operation with a state, and all else as ``reply`` does."""

    async def answer(sub: SubRequest, request: Request) -> Response:
        if not sub.operation:
            return await reply(sub, request)
        told = {**STATE, "status": "healthy" if sub.operation == "start" else "stopped", **state}
        return Response(200, [(b"content-type", b"application/json")], one_chunk(json.dumps(told).encode()))

    return answer


@asynccontextmanager
async def loaded(
    folder: Path, /, source: str, reply: Reply = said, *, read_bodies: bool = True, **options: Any
) -> AsyncIterator[Loaded]:
    """Load a Worker; the source is the body of ``fetch`` unless it exports something itself.

    Each call is noted with its body, unless ``read_bodies`` is off: then ``reply`` has the body to itself.
    """
    main = folder / "worker.ts"
    main.write_text(source if "export " in source else FETCH.format(body=source))
    there: list[Loaded] = []

    async def binding_fetch(sub: SubRequest, request: Request) -> Response:
        body = b""
        if read_bodies and request.body is not None:
            body = b"".join([chunk async for chunk in request.body])
            request.body = one_chunk(body)
        there[0].calls.append((sub, request, body))
        return await reply(sub, request)

    options.setdefault("bindings", [BindingInfo("BOX", "Box")])
    early: list[tuple[str, str, str]] = []

    def on_log(trace: str, level: str, text: str) -> None:
        if there:
            there[0].add_line(trace, level, text)
        else:
            early.append((trace, level, text))

    launcher = DenoLauncher(worker="shop", main=main, binding_fetch=binding_fetch, on_log=on_log, **options)
    try:
        isolate = await launcher.launch(1)
        there.append(Loaded(isolate, lines=early))
        yield there[0]
        await isolate.stop()
    finally:
        await launcher.close()
