"""A project written by the test, its isolates in a real workerd, and a stand-in for the containers."""

import asyncio
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.http.messages import Headers, Request, Response, one_chunk, text_response
from core.worker.runtime import Answer, SubRequest
from core.worker.workerd.isolate import WorkerdIsolate
from core.worker.workerd.launcher import WorkerdLauncher
from core.worker.workerd.records import LogLevel
from tests.workerd_support import need_workerd


@dataclass(frozen=True)
class Bound:
    """A binding to a container class."""

    name: str
    class_name: str = ""


class Project:
    """The files of a Worker, what its isolates say, and the calls that they make."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls: list[tuple[SubRequest, Request, bytes]] = []
        self.answer: Callable[[SubRequest, Request], Awaitable[Response]] = self._answer
        self.logs: list[tuple[str, LogLevel, str]] = []
        self._said = asyncio.Event()
        self._launchers: list[WorkerdLauncher] = []
        self._isolates: list[WorkerdIsolate] = []

    def write(self, name: str, source: str) -> Path:
        """Write a file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source).strip("\n") + "\n")
        return path

    def fetching(self, body: str, name: str = "worker.js") -> Path:
        """Write a Worker whose fetch has this body."""
        source = textwrap.indent(textwrap.dedent(body).strip("\n"), " " * 4)
        return self.write(
            name, "export default {\n  async fetch(request, env, ctx) {\n" + source + "\n  },\n};"
        )

    def launcher(self, main: Path, **options: Any) -> WorkerdLauncher:
        """Make a launcher of a Worker."""
        need_workerd()
        options.setdefault("bindings", [Bound("APP")])
        made = WorkerdLauncher(
            main=main, binding_fetch=self._called, on_log=self._take_log, folder=self.folder, **options
        )
        self._launchers.append(made)
        return made

    async def launch(self, main: Path, **options: Any) -> WorkerdIsolate:
        """Start an isolate of a Worker."""
        isolate = await self.launcher(main, **options).launch(1)
        self._isolates.append(isolate)
        return isolate

    async def stop(self) -> None:
        """End all that was started."""
        for isolate in self._isolates:
            await isolate.stop()
        for launcher in self._launchers:
            await launcher.close()

    async def log_line(self, text: str) -> tuple[str, LogLevel, str]:
        """Return the first line of the log that holds ``text``, come or to come."""
        async with asyncio.timeout(20):
            while True:
                for line in self.logs:
                    if text in line[2]:
                        return line
                self._said.clear()
                await self._said.wait()

    def _take_log(self, trace_id: str, level: LogLevel, text: str) -> None:
        self.logs.append((trace_id, level, text))
        self._said.set()

    async def _called(self, sub: SubRequest, request: Request) -> Response:
        response = await self.answer(sub, request)
        self.calls.append((sub, request, await read(request.body)))
        return response

    async def _answer(self, sub: SubRequest, request: Request) -> Response:
        return text_response(200, f"{sub.binding} got {request.target}")


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Project]:
    """A project's folder; its name needs escaping in URLs."""
    folder = tmp_path / "my shop #1"
    folder.mkdir()
    made = Project(folder)
    yield made
    await made.stop()


def asking(
    target: str = "/", method: str = "GET", body: bytes | None = None, *fields: tuple[bytes, bytes]
) -> Request:
    """Make a visitor's request."""
    headers: Headers = [(b"Host", b"shop.example"), *fields]
    if body is None:
        return Request(method, target, headers)
    return Request(method, target, [*headers, (b"content-length", b"%d" % len(body))], one_chunk(body))


async def read(body: AsyncIterator[bytes] | None) -> bytes:
    """Read a body to its end."""
    return b"" if body is None else b"".join([data async for data in body])


async def text_of(answer: Answer) -> str:
    """Return the text of an answer."""
    return (await read(answer.response.body)).decode()
