"""The Container class: one object for each named instance; it starts the instance and sends it requests."""

import asyncio
import contextlib
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from core.worker.python.sdk.workers import DurableObject, Env, Request, Response
from core.worker.python.sdk.workers.outbound import make_request

from .helpers import PORT_FIELD, SIGNALS, StopParams, to_seconds

START_TIMEOUT_S = 28.0
"""8 s to get an instance and 20 s for its ports, as @cloudflare/containers 0.3.7."""
NO_INSTANCE = "there is no container instance that can be provided to this durable object"
NO_INSTANCE_ANSWER = (
    "There is no Container instance available at this time.\n"
    "This is likely because you have reached your max concurrent instance count (set in wrangler config) "
    "or are you currently provisioning the Container.\n"
    "If you are deploying your Container for the first time, check your dashboard to see provisioning "
    "status, this may take a few minutes."
)
RATE_LIMITED = "you are requesting too many containers per second"
LOST = "Network connection lost."


class Container(DurableObject):
    """The base of a container class; set the attributes and override the hooks in your own.

    ``sleep_after`` is a number of seconds or a text such as "30s", "10m", "1h".
    """

    default_port: int | None = None
    required_ports: Sequence[int] | None = None
    sleep_after: str | float | None = "10m"
    env_vars: Mapping[str, str] = {}
    entrypoint: Sequence[str] | None = None
    enable_internet: bool = True

    def __init__(self, ctx: Any, env: Env) -> None:
        super().__init__(ctx, env)
        self._healthy = False
        self._starting = asyncio.Lock()

    # Requests

    async def fetch(self, request: Request) -> Response:
        """Send a request to the default port, or to the one that ``switch_port`` gave it."""
        port = self.default_port
        chosen = request.headers.get(PORT_FIELD)
        if chosen is not None:
            if not chosen.isdigit():
                raise ValueError("port value from switch_port is not a number")
            port = int(chosen)
        if port is None:
            raise RuntimeError(
                "No port configured for this container. Set the `default_port` in your Container subclass, "
                "or specify a port with `container.fetch(switch_port(request, port))`."
            )
        return await self.container_fetch(request, port)

    async def container_fetch(
        self, resource: str | Request, port: int | None = None, **options: Any
    ) -> Response:
        """Start the container unless it is healthy, and send it a request; options as of ``Request``."""
        request = make_request(resource, **options)
        port = self.default_port if port is None else port
        if port is None:
            raise RuntimeError(
                "No port specified for container fetch. Set default_port or specify a port parameter."
            )
        try:
            await self._ensure_healthy(port)
        except Exception as error:
            return _start_failed(error)
        try:
            return await self.ctx.container.fetch(request, port)  # type: ignore[no-any-return]
        except Exception as error:
            self._healthy = False
            if LOST in str(error):
                return Response("Container suddenly disconnected, try again", status=500)
            print(f"Error proxying request to container {self.ctx.id}: {error}")
            return Response(f"Error proxying request to container: {error}", status=500)

    # Starting and stopping

    async def start(
        self,
        *,
        env_vars: Mapping[str, str] | None = None,
        entrypoint: Sequence[str] | None = None,
        enable_internet: bool | None = None,
    ) -> None:
        """Start the container without waiting for its ports; what is not given is as the class says."""
        async with self._starting:
            await self._start(False, None, env_vars, entrypoint, enable_internet)
            await _finished(self.on_start())

    async def start_and_wait_for_ports(
        self,
        ports: int | Sequence[int] | None = None,
        *,
        env_vars: Mapping[str, str] | None = None,
        entrypoint: Sequence[str] | None = None,
        enable_internet: bool | None = None,
        timeout_s: float = START_TIMEOUT_S,
    ) -> None:
        """Start the container and wait until all the ports answer: those given, required, or the default."""
        async with self._starting:
            await self._start_ports(ports, env_vars, entrypoint, enable_internet, timeout_s)

    async def wait_for_port(self, port: int, *, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until the port of a started container answers."""
        await self._start(True, port, None, None, None, timeout_s)

    async def stop(self, signal: str | int = "SIGTERM") -> None:
        """Send the container a signal that asks it to end."""
        self._healthy = False
        await self.ctx.container.signal(SIGNALS[signal] if isinstance(signal, str) else signal)

    async def destroy(self) -> None:
        """End the container at once."""
        self._healthy = False
        await self.ctx.container.destroy()

    async def get_state(self) -> dict[str, Any]:
        """Return ``status`` (running, healthy, stopping, stopped, stopped_with_code), ``last_change`` in
        milliseconds since 1970, and ``exit_code`` of one that stopped with one."""
        state = await self.ctx.container.state()
        told = {"status": state["status"], "last_change": state.get("since_ms", 0)}
        if state.get("exit_code") is not None:
            told["exit_code"] = state["exit_code"]
        return told

    def renew_activity_timeout(self) -> Awaitable[None]:
        """Let the time until the container sleeps start anew; awaiting the result is not needed."""
        renewing: asyncio.Future[None] = asyncio.ensure_future(self.ctx.container.renew())
        return renewing

    async def schedule(self, when: Any, callback: str, payload: Any = None) -> None:
        """Refuse: schedules need storage that outlives the isolate. Raises RuntimeError."""
        raise RuntimeError("schedule() is not here yet: it needs Durable Object storage and alarms")

    # Hooks

    def on_start(self) -> Any:
        """Called when the container has been started."""

    def on_stop(self, params: StopParams) -> Any:
        """Called when the container has stopped."""

    def on_error(self, error: Exception) -> Any:
        """Called when the container failed; raising is the same as not handling it."""
        print(f"Container error: {error}")
        raise error

    async def on_activity_expired(self) -> None:
        """Called when the container was idle for ``sleep_after``; stops it unless overridden."""
        await self.stop()

    async def take_signal(self, kind: str, exit_code: int | None, reason: Any, message: str) -> bool:
        """Call the hook for what happened to the instance; say whether the class has one of its own."""
        if kind != "expired":
            self._healthy = False
        # A program that ended has stopped, whatever its exit code; an error is an end without one.
        ended = kind == "stopped" or exit_code is not None
        hook = "on_activity_expired" if kind == "expired" else "on_stop" if ended else "on_error"
        if getattr(type(self), hook) is getattr(Container, hook):
            return False
        if hook == "on_stop":
            await _finished(self.on_stop({"exit_code": exit_code or 0, "reason": reason}))
        elif hook == "on_error":
            await _finished(self.on_error(RuntimeError(message)))
        else:
            await _finished(self.on_activity_expired())
        return True

    # How it starts

    async def _ensure_healthy(self, port: int) -> None:
        if self._healthy:
            return
        async with self._starting:
            if self._healthy:
                return
            if (await self.ctx.container.state())["status"] == "healthy":
                self._healthy = True
                return
            await self._start_ports(port, None, None, None, START_TIMEOUT_S)

    async def _start_ports(
        self,
        ports: int | Sequence[int] | None,
        env_vars: Mapping[str, str] | None,
        entrypoint: Sequence[str] | None,
        enable_internet: bool | None,
        timeout_s: float,
    ) -> None:
        wanted = ports or self.required_ports or self.default_port
        for port in [wanted] if wanted is None or isinstance(wanted, int) else wanted:
            await self._start(True, port, env_vars, entrypoint, enable_internet, timeout_s)
        self._healthy = True
        await _finished(self.on_start())

    async def _start(
        self,
        wait: bool,
        port: int | None,
        env_vars: Mapping[str, str] | None,
        entrypoint: Sequence[str] | None,
        enable_internet: bool | None,
        timeout_s: float | None = None,
    ) -> None:
        try:
            await self.ctx.container.start(
                wait=wait,
                env=self.env_vars if env_vars is None else env_vars,
                entrypoint=self.entrypoint if entrypoint is None else entrypoint,
                enable_internet=self.enable_internet if enable_internet is None else enable_internet,
                port=port,
                sleep_after_s=to_seconds(self.sleep_after),
                timeout_s=timeout_s,
            )
        except Exception as error:
            # Whatever the hook raises, the start's own error goes on.
            with contextlib.suppress(Exception):
                await _finished(self.on_error(error))
            raise


def _start_failed(error: Exception) -> Response:
    """Return what the platform answers when a container cannot be started."""
    text = str(error)
    if NO_INSTANCE in text.lower():
        return Response(NO_INSTANCE_ANSWER, status=503)
    if RATE_LIMITED in text.lower():
        return Response(text, status=429)
    known = getattr(error, "status", 500)
    if known in (429, 503):
        return Response(text, status=known)
    prefix = "Failed to start container: "
    return Response(text if text.startswith(prefix) else prefix + text, status=500)


async def _finished(result: Any) -> None:
    """Wait for a hook that is asynchronous."""
    if isinstance(result, Awaitable):
        await result
