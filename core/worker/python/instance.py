"""What a Worker can do with one named instance of a container: ``ctx.container`` of its class."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from core.http.messages import Headers, Request, Response
from core.worker.python.messages import to_wire_request, to_worker_response
from core.worker.python.sdk import workers
from core.worker.python.sdk.workers.body import BodyStream, Whole
from core.worker.python.sdk.workers.outbound import current_visit, make_request
from core.worker.runtime import ContainerOperation, SubRequest

CallBinding = Callable[[SubRequest, Request], Awaitable[Response]]
"""Carries a call of a binding out of the Worker."""


class ContainerError(RuntimeError):
    """The platform refused an operation; ``status`` is what it would answer a visitor."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class InstanceHandle:
    """One instance, by binding and name; an empty name stands for any."""

    def __init__(self, binding: str, name: str, call: CallBinding) -> None:
        self.binding = binding
        self.name = name
        self._call = call
        self.running = False
        """What is known of it here: an operation brings it up to date."""

    async def fetch(self, request: workers.Request, port: int | None = None) -> workers.Response:
        """Send a request to the instance, which is started where it does not run."""
        return await self._send("", to_wire_request(request), port)

    async def start(
        self,
        *,
        wait: bool = False,
        env: Mapping[str, str] | None = None,
        entrypoint: Sequence[str] | None = None,
        enable_internet: bool = True,
        port: int | None = None,
        sleep_after_s: float | None = None,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """Start it unless it runs; with ``wait``, until its port answers. Raises ContainerError."""
        options = {
            "wait": wait,
            "env": dict(env or {}),
            "entrypoint": list(entrypoint or ()),
            "enable_internet": enable_internet,
            "port": port,
            "sleep_after_s": sleep_after_s,
            "timeout_s": timeout_s,
        }
        return await self._operate("start", options)

    async def state(self) -> dict[str, Any]:
        """Return status, exit_code and since_ms."""
        return await self._operate("state", {})

    async def signal(self, number: int) -> None:
        """Send its process a signal."""
        await self._operate("signal", {"signal": number})

    async def destroy(self) -> None:
        """End it at once."""
        await self._operate("destroy", {})

    async def set_inactivity_timeout(self, seconds: float | None) -> None:
        """Let it sleep after so long without requests; None: never."""
        await self._operate("sleep_after", {"seconds": seconds})

    async def renew(self) -> None:
        """Let its idle time start anew."""
        await self._operate("renew", {})

    def get_tcp_port(self, port: int) -> "TcpPort":
        """Return what reaches one of its ports."""
        return TcpPort(self, port)

    async def _operate(self, operation: ContainerOperation, options: Mapping[str, Any]) -> dict[str, Any]:
        data = json.dumps(options).encode()
        headers: Headers = [
            (b"host", b"container"),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(data)),
        ]
        body = BodyStream(Whole(data), len(data))
        response = await self._send(operation, Request("POST", "/", headers, body), None)
        text = await response.text()
        if response.status != 200:
            raise ContainerError(text or f"status {response.status}", response.status)
        state = json.loads(text)
        self.running = state.get("status") in ("running", "healthy", "stopping")
        return dict(state)

    async def _send(self, operation: str, request: Request, port: int | None) -> workers.Response:
        visit = current_visit(f"env.{self.binding}")
        number = visit.next_sub_request(counted=not operation)
        sub_request = SubRequest(visit.trace_id, number, self.binding, self.name, port, operation)
        response = await self._call(sub_request, request)
        if response.close is not None:
            visit.hold(response.close)
        return to_worker_response(response)


class TcpPort:
    """One port of an instance."""

    def __init__(self, instance: InstanceHandle, port: int) -> None:
        self._instance = instance
        self._port = port

    async def fetch(self, resource: str | workers.Request, **options: Any) -> workers.Response:
        """Send a request to the port; options as of ``Request``."""
        return await self._instance.fetch(make_request(resource, **options), self._port)
