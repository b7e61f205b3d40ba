"""A save under load: the new code answers soon, and no request fails on the way."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from core.events.types import Notice, RequestFinished, WorkerChanged
from tests.end_to_end.running import Running, up

SAVES = 20
WORKERS = {
    "deno": (
        "worker.ts",
        "const version: number = {version};\nexport default {{ async fetch(request: Request, env: any) {{\n"
        "  const told = await env.APP.fetch(request);\n"
        "  return new Response(`${{version}} ${{told.status}}`);\n}} }};\n",
    ),
    "python": (
        "worker.py",
        "from workers import Response, WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        told = await self.env.APP.fetch(request)\n"
        '        return Response(f"{version} {{told.status}}")\n',
    ),
}
PROGRAM = Path(__file__).parent.parent / "programs" / "origin.py"


def write_project(folder: Path, runtime: str) -> Path:
    """Write a project without its Worker."""
    folder.mkdir()
    (folder / "hybrid.toml").write_text(
        f'name = "saved-{runtime}"\nlatency = "off"\nworker.main = "{WORKERS[runtime][0]}"\n'
        f"[[containers]]\nbinding = 'APP'\ncommand = ['{sys.executable}', '{PROGRAM}']\n"
    )
    return folder


def save(folder: Path, runtime: str, version: int) -> None:
    """Save the Worker as editors do: a new file takes the old one's place."""
    name, text = WORKERS[runtime]
    written = folder / f"{name}.new"
    written.write_text(text.format(version=version))
    written.replace(folder / name)


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[Running, httpx.AsyncClient]]:
    """Run a project, and give a client of its edge."""
    async with (
        up(folder, "--driver", "process") as running,
        httpx.AsyncClient(base_url=await running.url(), timeout=30.0) as client,
    ):
        yield running, client


class Load:
    """Four visitors who ask without a pause, and what they were answered."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.answers: list[tuple[int, str]] = []
        self._client = client
        self._answered = asyncio.Condition()

    async def ask(self) -> None:
        """Ask for ever."""
        while True:
            response = await self._client.get("/")
            async with self._answered:
                self.answers.append((response.status_code, response.text))
                self._answered.notify_all()

    async def until(self, answer: tuple[int, str]) -> None:
        """Wait until somebody got this answer."""
        async with asyncio.timeout(30), self._answered:
            await self._answered.wait_for(lambda: answer in self.answers)

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Let the visitors ask meanwhile."""
        askers = [asyncio.create_task(self.ask()) for _ in range(4)]
        yield
        for asker in askers:
            asker.cancel()
        await asyncio.gather(*askers, return_exceptions=True)


def isolate_processes(running: Running) -> list[psutil.Process]:
    """Return the processes below the engine that run a Worker."""
    children = psutil.Process(running.process.pid).children(recursive=True)
    return [one for one in children if any(word in " ".join(one.cmdline()) for word in ("deno", "isolate"))]


@pytest.mark.parametrize("runtime", WORKERS)
async def test_no_request_fails_through_twenty_saves_and_no_old_isolate_stays(
    runtime: str, tmp_path: Path
) -> None:
    folder = write_project(tmp_path / "project", runtime)
    save(folder, runtime, 0)
    async with served(folder) as (running, client):
        load = Load(client)
        async with load.going_on():
            for version in range(SAVES + 1):
                save(folder, runtime, version)
                await load.until((200, f"{version} 200"))
        assert {status for status, _ in load.answers} == {200}
        assert not [one for one in running.all(RequestFinished) if one.outcome == "error"]
        newest = max(one.isolate for one in running.all(WorkerChanged) if one.state == "ready")
        for number in range(1, newest):
            await running.wait_for(
                WorkerChanged,
                lambda one, number=number: (one.isolate, one.state) == (number, "stopped"),  # type: ignore[misc]
            )
        assert len(isolate_processes(running)) <= 2  # the one that serves, and at most one kept warm


async def test_code_that_cannot_be_loaded_leaves_the_old_serving(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "project", "deno")
    save(folder, "deno", 1)
    async with served(folder) as (running, client):
        assert (await client.get("/")).text == "1 200"
        (folder / "worker.ts").write_text("export default {\n  fetch() { return }}}\n")
        notice = await running.wait_for(Notice, lambda one: "worker.ts" in one.message)
        assert notice.level == "error"
        assert "worker.ts, line 2" in notice.message
        assert (await client.get("/")).text == "1 200"
        save(folder, "deno", 2)
        await running.wait_for(WorkerChanged, lambda one: one.version >= 2 and one.state == "ready")
        assert (await client.get("/")).text == "2 200"


async def test_a_worker_broken_from_the_start_serves_once_it_is_mended(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "project", "deno")
    (folder / "worker.ts").write_text("export default {\n")
    async with served(folder) as (running, client):
        response = await client.get("/")
        assert (response.status_code, response.text) == (500, "error code: 1101")
        save(folder, "deno", 3)
        await running.wait_for(WorkerChanged, lambda one: one.state == "ready")
        assert (await client.get("/")).text == "3 200"
