"""Workers that people bring, as they stand: the announcement's own example, and today's shape."""

import sys
from pathlib import Path

import httpx
import pytest

from core.events.types import InstanceChanged, RequestFinished
from tests.end_to_end.running import up
from tests.workerd_support import need_workerd

ANNOUNCED = """// Worker routes traffic to a container
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    // For API routes, use the Worker directly
    if (new URL(request.url).pathname.startsWith("/api/")) {
      return handleApi(request, env);
    }
    // For heavy processing, forward to the container
    const container = env.MY_CONTAINER;
    return container.fetch(request);
  },
};
"""
HANDLER = """
async function handleApi(request: Request, env: Env): Promise<Response> {
  return Response.json({ path: new URL(request.url).pathname });
}
"""
CURRENT = """import { Container, getContainer } from "@cloudflare/containers";

interface Env {
  MY_CONTAINER: DurableObjectNamespace<MyContainer>;
}

export class MyContainer extends Container {
  defaultPort = 8080;
  sleepAfter = "10m";
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const id = new URL(request.url).searchParams.get("id") ?? "shared";
    return getContainer(env.MY_CONTAINER, id).fetch(request);
  },
};
"""
PROGRAM = Path(__file__).parent.parent / "programs" / "origin.py"
RUNTIMES = ("deno", "workerd")


def write_project(folder: Path, runtime: str, worker: str) -> Path:
    """Write a project around a Worker."""
    if runtime == "workerd":
        need_workerd()
    folder.mkdir()
    (folder / "worker.ts").write_text(worker)
    (folder / "hybrid.toml").write_text(
        f'name = "brought"\nlatency = "off"\nworker.main = "worker.ts"\n'
        f"[[containers]]\nbinding = 'MY_CONTAINER'\ncommand = ['{sys.executable}', '{PROGRAM}']\n"
    )
    return folder


@pytest.mark.parametrize("runtime", RUNTIMES)
async def test_the_announced_program_forwards_to_its_container(runtime: str, tmp_path: Path) -> None:
    project = write_project(tmp_path / "p", runtime, ANNOUNCED)
    async with (
        up(project, "--driver", "process", "--runtime", runtime) as running,
        httpx.AsyncClient(base_url=await running.url(), timeout=30.0) as client,
    ):
        told = (await client.post("/report?x=1", content=b"abc")).json()
        assert (told["method"], told["target"], told["body_bytes"]) == ("POST", "/report?x=1", 3)
        event = await running.wait_for(RequestFinished)
        assert [hop.name for hop in event.trace if hop.sub_request == 1][-1] == "container"
        # As it stands it calls a function that it leaves to the reader.
        assert (await client.get("/api/time")).text == "error code: 1101"
        failed = await running.wait_for(RequestFinished, lambda one: one.path == "/api/time")
        assert "handleApi is not defined" in failed.error


@pytest.mark.parametrize("runtime", RUNTIMES)
async def test_the_announced_program_answers_its_own_paths(runtime: str, tmp_path: Path) -> None:
    project = write_project(tmp_path / "p", runtime, ANNOUNCED + HANDLER)
    async with (
        up(project, "--driver", "process", "--runtime", runtime) as running,
        httpx.AsyncClient(base_url=await running.url(), timeout=30.0) as client,
    ):
        assert (await client.get("/api/time")).json() == {"path": "/api/time"}
        assert (await running.wait_for(RequestFinished)).outcome == "edge"


@pytest.mark.parametrize("runtime", RUNTIMES)
async def test_the_current_program_gives_each_name_an_instance(runtime: str, tmp_path: Path) -> None:
    project = write_project(tmp_path / "p", runtime, CURRENT)
    async with (
        up(project, "--driver", "process", "--runtime", runtime) as running,
        httpx.AsyncClient(base_url=await running.url(), timeout=30.0) as client,
    ):
        names = [(await client.get("/name", params={"id": name})).text for name in ("a", "b", "a")]
        assert names[0] == names[2] != names[1]
        up_now = {one.instance for one in running.all(InstanceChanged) if one.state == "ready"}
        assert len(up_now) == 2
