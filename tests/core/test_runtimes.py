"""Each deployment's Worker gets the runtime that it asks for, with what the deployment declares."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from core.clock import RealClock
from core.events.bus import EventBus
from core.events.types import AnyEvent, WorkerLogged
from core.http.messages import Request, Response
from core.model.load import load_deployment
from core.runtimes import make_inline_runtime, make_runtime
from core.worker.runtime import CallRefused, SubRequest
from tests.core.edge.world import body_of

PYTHON = """
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        print("greeted")
        return Response.json({"greeting": self.env.GREETING, "key": self.env.API_KEY})
"""
JAVASCRIPT = """
export default {
  fetch(request, env) {
    console.log("greeted");
    return Response.json({ greeting: env.GREETING, key: env.API_KEY });
  },
};
"""
DECLARED = """
name = "shop"
worker = { main = "MAIN", runtime = "RUNTIME" }
bindings.vars = { GREETING = "hello", API_KEY = "plain" }
[[containers]]
binding = "APP"
class_name = "Shop"
command = ["serve"]
"""


async def no_calls(sub: SubRequest, _request: Request) -> Response:
    """Refuse every call."""
    raise CallRefused(f"nobody calls {sub.binding} here")


def project(folder: Path, runtime: str) -> Path:
    """Write a project whose Worker tells its values."""
    main = "worker.py" if runtime in ("python", "inline") else "worker.js"
    (folder / main).write_text(PYTHON if main == "worker.py" else JAVASCRIPT)
    (folder / ".dev.vars").write_text("API_KEY=hunter2\n")
    named = "auto" if runtime == "inline" else runtime
    (folder / "hybrid.toml").write_text(DECLARED.replace("MAIN", main).replace("RUNTIME", named))
    return folder


def skip_absent(runtime: str) -> None:
    """Skip where a runtime is not part of what was installed."""
    from core.worker.workerd.find import find_workerd

    if runtime == "workerd" and find_workerd() is None:
        pytest.skip("no workerd here")


@pytest.mark.parametrize("runtime", ["python", "deno", "workerd", "inline"])
async def test_a_worker_finds_its_values_and_secrets_and_its_lines_are_told(
    tmp_path: Path, runtime: Any
) -> None:
    skip_absent(runtime)
    deployment = load_deployment(project(tmp_path, runtime))
    bus = EventBus(RealClock())
    events: list[AnyEvent] = []
    bus.subscribe(events.append)
    if runtime == "inline":
        made = make_inline_runtime(deployment, no_calls, bus, Random(1))
    else:
        made = make_runtime(deployment, no_calls, bus)
    assert made.name == ("python" if runtime == "inline" else runtime)
    try:
        await made.start()
        answer = await made.fetch("ab" * 8, Request("GET", "/", [(b"host", b"shop.example")]))
        told = json.loads(await body_of(answer.response))
        await answer.cpu_time()
    finally:
        await made.stop()
    assert told == {"greeting": "hello", "key": "hunter2"}
    lines = [
        (one.worker, one.trace_id, one.message.strip()) for one in events if isinstance(one, WorkerLogged)
    ]
    assert ("shop", "ab" * 8, "greeted") in lines
