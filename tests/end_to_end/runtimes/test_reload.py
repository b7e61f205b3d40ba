"""A save under load: the new code answers soon, and no request fails on the way."""

import asyncio
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from core.events.types import RequestFinished, WorkerChanged
from tests.end_to_end.running import up

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


def write(folder: Path, runtime: str, version: int) -> None:
    name, text = WORKERS[runtime]
    written = folder / f"{name}.new"
    written.write_text(text.format(version=version))
    written.replace(folder / name)


@pytest.mark.parametrize("runtime", WORKERS)
async def test_no_request_fails_through_twenty_saves_and_no_old_isolate_stays(
    runtime: str, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "hybrid.toml").write_text(
        f'name = "saved"\nlatency = "off"\nworker.main = "{WORKERS[runtime][0]}"\n'
        f"[[containers]]\nbinding = 'APP'\ncommand = ['{sys.executable}', '{PROGRAM}']\n"
    )
    write(folder, runtime, 0)
    answers: list[tuple[int, str]] = []
    async with up(folder, "--driver", "process") as running:
        async with httpx.AsyncClient(base_url=await running.url(), timeout=30.0) as client:
            assert (await client.get("/")).text == "0 200"
            seen = asyncio.Condition()

            async def ask() -> None:
                while True:
                    response = await client.get("/")
                    async with seen:
                        answers.append((response.status_code, response.text))
                        seen.notify_all()

            askers = [asyncio.create_task(ask()) for _ in range(4)]
            for version in range(1, SAVES + 1):
                write(folder, runtime, version)
                wanted = (200, f"{version} 200")
                async with asyncio.timeout(30), seen:
                    await seen.wait_for(lambda wanted=wanted: wanted in answers)  # type: ignore[misc]
            for asker in askers:
                asker.cancel()
            await asyncio.gather(*askers, return_exceptions=True)
        assert {status for status, _ in answers} == {200}
        assert {text for _, text in answers} <= {f"{version} 200" for version in range(SAVES + 1)}
        assert not [one for one in running.all(RequestFinished) if one.outcome == "error"]
        last = running.all(RequestFinished)[-1].isolate
        old = {one.isolate for one in running.all(WorkerChanged)} - {last, 0}
        for number in old:
            await running.wait_for(
                WorkerChanged,
                lambda one, number=number: one.isolate == number and one.state == "stopped",  # type: ignore[misc]
            )
        children = psutil.Process(running.process.pid).children(recursive=True)
        isolates = [
            one for one in children if any(word in " ".join(one.cmdline()) for word in ("deno", "isolate"))
        ]
        assert len(isolates) <= 2  # the one that serves, and at most one kept warm


async def test_code_that_cannot_be_loaded_leaves_the_old_serving(tmp_path: Path) -> None:
    from core.events.types import Notice

    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "hybrid.toml").write_text(
        'name = "broken"\nlatency = "off"\nworker.main = "worker.ts"\n'
        f"[[containers]]\nbinding = 'APP'\ncommand = ['{sys.executable}', '{PROGRAM}']\n"
    )
    write(folder, "deno", 1)
    async with up(folder, "--driver", "process") as running:
        async with httpx.AsyncClient(base_url=await running.url(), timeout=30.0) as client:
            assert (await client.get("/")).text == "1 200"
            (folder / "worker.ts").write_text("export default {\n  fetch() { return }}}\n")
            notice = await running.wait_for(Notice, lambda one: "worker.ts" in one.message)
            assert notice.level == "error"
            assert "worker.ts:2" in notice.message
            assert (await client.get("/")).text == "1 200"
            write(folder, "deno", 2)
            await running.wait_for(WorkerChanged, lambda one: one.version == 2 and one.state == "ready")
            assert (await client.get("/")).text == "2 200"


async def test_a_worker_broken_from_the_start_serves_once_it_is_mended(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "hybrid.toml").write_text(
        'name = "mended"\nlatency = "off"\nworker.main = "worker.ts"\n'
        f"[[containers]]\nbinding = 'APP'\ncommand = ['{sys.executable}', '{PROGRAM}']\n"
    )
    (folder / "worker.ts").write_text("export default {\n")
    async with up(folder, "--driver", "process") as running:
        async with httpx.AsyncClient(base_url=await running.url(), timeout=30.0) as client:
            response = await client.get("/")
            assert (response.status_code, response.text) == (500, "error code: 1101")
            write(folder, "deno", 3)
            await running.wait_for(WorkerChanged, lambda one: one.state == "ready")
            assert (await client.get("/")).text == "3 200"
