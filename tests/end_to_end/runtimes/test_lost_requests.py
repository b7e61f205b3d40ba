"""What becomes of other requests at an isolate that breaks a limit: done again unseen, or 1102 as well."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from core.events.types import RequestFinished, WorkerLogged
from tests.end_to_end.running import Running, up
from tests.workerd_support import need_workerd

JAVASCRIPT = """
export default {
  async fetch(request, env) {
    const name = new URL(request.url).pathname.slice(1);
    if (name === "loop") for (;;) { /* for ever */ }
    if (name !== "unread" && name !== "read") return env.APP.fetch(request);
    const told = await env.APP.fetch(`http://c/told/${name}`);
    const text = name === "read" ? await told.text() : "";
    console.log(`${name} waits`);
    await env.APP.fetch(`http://c/late?${name}`);
    return text ? new Response(text) : told;
  },
};
"""
PYTHON = """
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        name = request.url.partition("?")[0].rpartition("/")[2]
        while name == "loop":
            pass
        if name not in ("unread", "read"):
            return await self.env.APP.fetch(request)
        told = await self.env.APP.fetch(f"http://c/told/{name}")
        text = await told.text() if name == "read" else ""
        print(f"{name} waits")
        await self.env.APP.fetch(f"http://c/late?{name}")
        return Response(text) if text else told
"""
PROGRAM = Path(__file__).parent.parent / "programs" / "origin.py"
FAILED = (503, "error code: 1102")


def write_project(folder: Path, runtime: str) -> Path:
    """Write a project whose Worker loops, or waits with an answer of its container read or unread."""
    if runtime == "workerd":
        need_workerd()
    folder.mkdir()
    main = "worker.py" if runtime == "python" else "worker.js"
    (folder / main).write_text(PYTHON if runtime == "python" else JAVASCRIPT)
    (folder / "hybrid.toml").write_text(
        f'name = "lost"\nlatency = "off"\n'
        f'worker = {{ main = "{main}", runtime = "{runtime}", limits.cpu_ms = 400 }}\n'
        f"[[containers]]\nbinding = 'APP'\ncommand = ['{sys.executable}', '{PROGRAM}']\n"
    )
    return folder


async def waiting(running: Running, client: httpx.AsyncClient, name: str) -> "asyncio.Task[httpx.Response]":
    """Begin a request, and return it when it waits in the Worker."""
    task = asyncio.create_task(client.get(f"/{name}"))
    await running.wait_for(WorkerLogged, lambda one: one.message == f"{name} waits")
    return task


@pytest.mark.parametrize(("runtime", "again"), [("deno", True), ("python", True), ("workerd", False)])
async def test_a_request_is_done_again_where_nobody_can_tell_else_it_fails_too(
    runtime: str, again: bool, tmp_path: Path
) -> None:
    project = write_project(tmp_path / "project", runtime)
    async with (
        up(project, "--driver", "process") as running,
        httpx.AsyncClient(base_url=await running.url(), timeout=30.0) as client,
    ):
        unread = await waiting(running, client, "unread")
        read = await waiting(running, client, "read")
        breach = await client.get("/loop")
        assert (breach.status_code, breach.text) == FAILED
        failed = await read
        assert (failed.status_code, failed.text) == FAILED
        await client.get("/open?unread")
        answer = await unread
        if again:
            assert answer.json()["target"] == "/told/unread"
        else:
            assert (answer.status_code, answer.text) == FAILED
        # However often the Worker asked, the container was asked once.
        assert (await client.get("/count?told/unread")).text == "1"
        ended = await running.wait_for_count(RequestFinished, 5)
        assert {one.path for one in ended if one.outcome == "error"} == {"/loop", "/read"} | (
            set() if again else {"/unread"}
        )
