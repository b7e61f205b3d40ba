"""A stand-in for the engine's containers: keeps the calls of a Worker, and answers them as told."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from core.http.messages import Request, Response, one_chunk, text_response
from core.worker.python.host import Host
from core.worker.python.sdk import containers, workers
from core.worker.python.visit import CURRENT, Visit
from core.worker.runtime import SubRequest

HEADER = (
    "from workers import Request, Response, WorkerEntrypoint, fetch\n"
    "from containers import Container, get_container, get_random, load_balance, switch_port\n"
)


class Instances:
    """The named instances: started by the operation, sent what is asked of them."""

    def __init__(self) -> None:
        self.calls: list[tuple[SubRequest, str, Any]] = []
        """Each call with its target, and its options or body."""
        self.states: dict[str, str] = {}
        self.refuse_start: Response | None = None
        self.lose: str = ""
        """Requests fail with this text, when there is one."""

    async def call(self, sub_request: SubRequest, request: Request) -> Response:
        """Take a call."""
        body = await _whole(request.body)
        operation = sub_request.operation
        told: Any = json.loads(body) if operation else body.decode()
        self.calls.append((sub_request, request.target, told))
        if not operation:
            if self.lose:
                raise RuntimeError(self.lose)
            return text_response(200, f"{sub_request.instance} answers {request.method} {request.target}")
        if operation == "start":
            if self.refuse_start is not None:
                return self.refuse_start
            self.states[sub_request.instance] = "healthy" if told["wait"] else "running"
        elif operation in ("destroy", "signal"):
            self.states[sub_request.instance] = "stopped"
        status = self.states.get(sub_request.instance, "stopped")
        state = {"status": status, "exit_code": None, "since_ms": 5}
        return Response(200, [], one_chunk(json.dumps(state).encode()))

    @property
    def operations(self) -> list[str]:
        """Return what was done with the instances, "fetch" for a request."""
        return [sub.operation or "fetch" for sub, _, _ in self.calls]


async def _whole(body: AsyncIterator[bytes] | None) -> bytes:
    return b"" if body is None else b"".join([piece async for piece in body])


class Ran:
    """A Worker in this process, with the log of its requests."""

    def __init__(self, folder: Path, source: str, instances: Instances, *, class_name: str = "App") -> None:
        (folder / "worker.py").write_text(HEADER + source)
        names = {"workers": workers, "containers": containers, "print": self._print}
        self.said: list[str] = []
        self.host = Host(folder / "worker.py", {}, {"APP": class_name}, instances.call, names)

    def _print(self, *values: object) -> None:
        self.said.append(" ".join(map(str, values)))

    async def get(self, url: str = "/", **headers: str) -> tuple[int, str]:
        """Ask the Worker; return status and text."""
        fields = [(b"host", b"shop.example")]
        fields += [(name.encode(), value.encode()) for name, value in headers.items()]
        token = CURRENT.set(visit := new_visit())
        try:
            response = await self.host.answer(visit, Request("GET", url, fields))
        finally:
            CURRENT.reset(token)
        return response.status, (await _whole(response.body)).decode()

    async def handle(self, event: Any) -> bool:
        """Let the Worker handle an event."""
        token = CURRENT.set(visit := new_visit())
        try:
            return await self.host.handle(visit, event)
        finally:
            CURRENT.reset(token)


def new_visit() -> Visit:
    """Return a request's state whose log nobody reads."""
    return Visit("trace", lambda *_: None)
