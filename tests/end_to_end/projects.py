"""Projects for tests: what their hybrid.toml and their Worker say."""

import sys
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"

WORKER = """
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        path = "/" + request.url.split("/", 3)[3]
        if path.startswith("/api/"):
            return Response.json({"path": path, "greeting": self.env.GREETING})
        if path.startswith("/ws"):
            return await self.env.ECHO.fetch(request)
        if path.startswith("/raise"):
            raise ValueError("a secret of the Worker")
        return await self.env.APP.fetch(request)
"""

DEPLOYMENT = """
name = "{name}"
latency = "off"
worker.main = "worker.py"
worker.limits.request_body_mb = 5000
bindings.vars.GREETING = "hello"

[[containers]]
binding = "APP"
command = {app}
instance_type = "{instance_type}"
ready_timeout = "{ready_timeout}"

[[containers]]
binding = "ECHO"
command = {echo}
"""


def write_project(
    folder: Path,
    *,
    name: str = "tried",
    app: list[str] | None = None,
    worker: str = WORKER,
    instance_type: str = "lite",
    ready_timeout: str = "20s",
) -> Path:
    """Write a project whose containers run the programs beside this module, and return its folder."""
    folder.mkdir(parents=True)
    (folder / "worker.py").write_text(worker)
    text = DEPLOYMENT.format(
        name=name,
        app=_command(app or [sys.executable, str(PROGRAMS / "torture.py")]),
        echo=_command([sys.executable, str(PROGRAMS / "echo.py")]),
        instance_type=instance_type,
        ready_timeout=ready_timeout,
    )
    (folder / "hybrid.toml").write_text(text)
    return folder


def _command(words: list[str]) -> str:
    return "[" + ", ".join(f"'{word}'" for word in words) + "]"
