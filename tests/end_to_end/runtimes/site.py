"""A deployment under each Worker runtime, and what a test asks of it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree

import httpx

from core.events.types import RequestFinished, WorkerLogged
from tests.end_to_end.running import Running, up

HERE = Path(__file__).parent
PROGRAMS = HERE.parent / "programs"
SECRET = "s3cr3t-of-the-shop"

DEPLOYMENT = """
name = "{runtime}-suite"
latency = "off"
bindings.vars = {{ GREETING = "hello", OPEN_PORT = "{open_port}" }}

[worker]
main = "{main}"
runtime = "{runtime}"
outbound = ["127.0.0.1:{open_port}"]
limits = {{ {limits} }}

[[containers]]
binding = "ORIGIN"
command = ['{python}', '{programs}/origin.py']

[[containers]]
binding = "ECHO"
command = ['{python}', '{programs}/echo.py']
"""


@dataclass
class Site:
    """One deployment that runs the suite's Worker."""

    runtime: str
    running: Running
    url: str
    client: httpx.AsyncClient
    open_port: int
    """Where a server listens that is not the engine's."""

    async def get(self, path: str, **options: object) -> httpx.Response:
        """Ask for a path."""
        return await self.client.get(path, **options)  # type: ignore[arg-type]

    async def finished(self, path: str) -> RequestFinished:
        """Return the last event of a request for this path."""
        await self.running.wait_for(RequestFinished, lambda one: one.path == path)
        return [one for one in self.running.all(RequestFinished) if one.path == path][-1]

    async def logged(self, text: str) -> WorkerLogged:
        """Return the Worker's line that holds the text."""
        return await self.running.wait_for(WorkerLogged, lambda one: text in one.message)

    async def raw(self, request: bytes) -> tuple[str, list[tuple[str, str]], bytes]:
        """Send bytes as they are; return the status line, the fields in lower case, and the body's bytes."""
        address = httpx.URL(self.url)
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(request)
        received = await reader.read()
        writer.close()
        head, _, body = received.partition(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")
        fields = [(name.lower(), value.strip()) for name, _, value in (one.partition(":") for one in lines)]
        return line, fields, body


Check = Callable[[Site], Awaitable[None]]


@dataclass(frozen=True)
class Behaviour:
    """Something that a Worker may rely on, and the runtimes where it cannot, with the reason."""

    name: str
    check: Check
    absent: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Behaviours:
    """A list that grows with each decorated check."""

    listed: list[Behaviour] = field(default_factory=list)

    def __call__(self, name: str, **absent: str) -> Callable[[Check], Check]:
        """Add a check under its row's name; ``absent`` says which runtime lacks it, and why."""

        def add(check: Check) -> Check:
            self.listed.append(Behaviour(name, check, absent))
            return check

        return add


def write_project(folder: Path, runtime: str, open_port: int = 9, limits: str = "") -> Path:
    """Write a project with the suite's Worker, its modules, and its secrets."""
    copytree(HERE / "workers", folder)
    (folder / ".dev.vars").write_text(f"TOKEN={SECRET}\n")
    (folder / "hybrid.toml").write_text(
        DEPLOYMENT.format(
            runtime=runtime,
            main="suite.py" if runtime == "python" else "suite.js",
            python=sys.executable,
            programs=PROGRAMS,
            open_port=open_port,
            limits=limits,
        )
    )
    return folder


@asynccontextmanager
async def site(folder: Path, runtime: str, limits: str = "") -> AsyncIterator[Site]:
    """Run the suite's deployment under a runtime."""
    async with _neighbour() as open_port:
        project = write_project(folder / "project", runtime, open_port, limits)
        async with up(project, "--driver", "process", state=folder) as running:
            url = await running.url()
            async with httpx.AsyncClient(base_url=url, timeout=60.0, follow_redirects=False) as client:
                yield Site(runtime, running, url, client, open_port)


@asynccontextmanager
async def _neighbour() -> AsyncIterator[int]:
    """Run a server on this machine that the Worker has no business with, unless it is allowed by name."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\nneighbour")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
