"""An isolate whose Worker is the test: a real process, and the other end of its link in the test's hands."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvloop

from core.http.messages import Request, Response, text_response
from core.worker.link.connection import LinkConnection
from core.worker.link.folder import IsolateFolder
from core.worker.link.frames import MARK, Kind
from core.worker.link.isolate import LinkIsolate
from core.worker.link.opening import open_isolate
from core.worker.link.process import IsolateProcess
from core.worker.runtime import SubRequest, WorkerFailed

WAIT_S = 20
Frame = tuple[int, int, bytes]


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every test of this folder on the standard loop and on uvloop."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Peer:
    """The isolate's end of the link."""

    def __init__(self) -> None:
        self.link = LinkConnection("isolate", self._take, self._lost)
        self.lost = asyncio.Event()
        self.mark_path = Path()
        self._frames: list[Frame] = []
        self._came = asyncio.Event()

    def _take(self, kind: int, identity: int, payload: bytes) -> None:
        self._frames.append((kind, identity, payload))
        self._came.set()

    def _lost(self, reason: str) -> None:
        self.lost.set()

    async def connect(self, folder: IsolateFolder) -> None:
        """Connect as an isolate does, and say that the Worker is loaded."""
        self.mark_path = folder.mark_path
        await asyncio.get_running_loop().create_unix_connection(lambda: self.link, str(folder.socket))
        self.send(Kind.READY, 0, {"handlers": ["fetch"], "classes": []})

    def send(self, kind: Kind, identity: int, head: object, body: bytes | None = None) -> None:
        """Send a frame with JSON, and an inline body behind it."""
        text = msgspec.json.encode(head)
        self.link.send(kind, identity, text if body is None else text + b"\n" + body)

    async def expect(self, kind: Kind) -> tuple[int, Any]:
        """Return id and JSON of the next frame of a kind, come or to come."""
        identity, payload = await self.expect_bytes(kind)
        return identity, msgspec.json.decode(payload) if payload else None

    async def expect_bytes(self, kind: Kind) -> tuple[int, bytes]:
        """Return id and payload of the next frame of a kind."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for frame in self._frames:
                    if frame[0] == kind:
                        self._frames.remove(frame)
                        return frame[1], frame[2]
                self._came.clear()
                await self._came.wait()

    async def request(self) -> tuple[int, dict[str, Any]]:
        """Return the next request."""
        number, head = await self.expect(Kind.REQUEST)
        return number, head

    def mark(self, current: int, highest: int) -> None:
        """Mark what the isolate works on."""
        with self.mark_path.open("rb+") as file:
            os.pwrite(file.fileno(), MARK.pack(current, highest), 0)

    def answer(self, number: int, body: object = None, status: int = 200, **more: object) -> None:
        """Answer a request."""
        self.send(Kind.ANSWER, number, {"status": status, "headers": [], "body": body, **more})

    def finish(self, number: int, cpu_ms: float = 1.5, alone: bool = True) -> None:
        """Report a request's end."""
        self.send(Kind.FINISHED, number, {"cpu_ms": cpu_ms, "alone": alone})

    async def call(self, request: int, identity: int = 2, **more: object) -> dict[str, Any]:
        """Call a binding, and return the answer's head."""
        head = {
            "request": request,
            "number": 1,
            "binding": "APP",
            "method": "GET",
            "url": "http://shop.example/to?it=1",
            "headers": [],
        }
        self.send(Kind.CALL, identity, {**head, **more})
        answered, response = await self.expect(Kind.RESPONSE)
        assert answered == identity
        assert isinstance(response, dict)
        return response


class Bindings:
    """Answers calls of bindings, and notes them."""

    def __init__(self) -> None:
        self.calls: list[tuple[SubRequest, Request]] = []
        self.answer: Callable[[SubRequest, Request], Awaitable[Response]] = self.hello

    async def fetch(self, sub_request: SubRequest, request: Request) -> Response:
        self.calls.append((sub_request, request))
        return await self.answer(sub_request, request)

    async def hello(self, sub_request: SubRequest, request: Request) -> Response:
        return text_response(200, "hello")


class Bench:
    """An isolate, its peer, its bindings and its log."""

    def __init__(
        self, isolate: LinkIsolate, peer: Peer, bindings: Bindings, log: list[tuple[str, str, str]]
    ) -> None:
        self.isolate = isolate
        self.peer = peer
        self.bindings = bindings
        self.log = log
        self.fetches: list[asyncio.Task[Any]] = []

    def fetch(self, trace_id: str = "t1", **options: Any) -> "asyncio.Task[Any]":
        """Begin a visitor's request."""
        self.fetches.append(asyncio.create_task(self.isolate.fetch(trace_id, visit(**options))))
        return self.fetches[-1]

    async def isolate_answers(self) -> None:
        """Return when the isolate has taken all that was sent to it so far."""
        ping = asyncio.create_task(self.isolate.ping())
        number, _ = await self.peer.expect(Kind.PING)
        self.peer.link.send(Kind.PONG, number)
        await ping


def visit(**options: Any) -> Request:
    """Make a visitor's request."""
    headers = [(b"host", b"shop.example"), *options.pop("headers", [])]
    return Request(**{"method": "GET", "target": "/path?q=1", "headers": headers, **options})


def explain(process: IsolateProcess) -> str:
    return f"{process.how_it_ended()}: {' '.join(process.output)}"


async def waiting_process(_: IsolateFolder) -> IsolateProcess:
    """Start a process that does nothing."""
    return await IsolateProcess.spawn(["sleep", "600"], env=dict(os.environ))


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """Open an isolate and stop it afterwards."""
    peer, bindings = Peer(), Bindings()
    log: list[tuple[str, str, str]] = []

    async def spawn(folder: IsolateFolder) -> IsolateProcess:
        process = await waiting_process(folder)
        await peer.connect(folder)
        return process

    isolate = await open_isolate(
        7, spawn, explain, binding_fetch=bindings.fetch, on_log=lambda *line: log.append(line)
    )
    made = Bench(isolate, peer, bindings, log)
    yield made
    isolate.kill("the test is over")
    await isolate.stop()
    await asyncio.gather(*made.fetches, return_exceptions=True)


async def read(body: AsyncIterator[bytes] | None) -> bytes:
    """Read a body to its end."""
    assert body is not None
    async with asyncio.timeout(WAIT_S):
        return b"".join([data async for data in body])


__all__ = ["Bench", "Bindings", "Peer", "WorkerFailed", "read", "visit", "waiting_process"]
