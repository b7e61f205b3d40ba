"""The protocol that every Worker runtime speaks, whatever language the Worker is written in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from core.events.types import Kind
from core.http.messages import Request, Response

WorkerState = Literal["starting", "ready", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class SubRequest:
    """One call of a binding by the Worker: which request it belongs to, its number there, and the binding."""

    trace_id: str
    number: int
    binding: str


BindingFetch = Callable[[SubRequest, Request], Awaitable[Response]]
"""Answers env.BINDING.fetch(request): given to a runtime, served by the engine."""


class WorkerFailed(Exception):
    """The Worker could not answer. ``code`` is the platform's error code: 1101 exception, 1102 limit."""

    def __init__(self, message: str, *, code: Literal[1101, 1102] = 1101) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@dataclass(slots=True)
class Answer:
    """A Worker's answer to one request.

    ``cpu_ms`` gives the CPU time used for the request; call it after the body has been read to its
    end (it waits for the isolate's report, at most briefly). Raises WorkerFailed where none comes: the
    time is unknown then, not zero.
    """

    response: Response
    cpu_ms: Callable[[], Awaitable[float]]


class Runtime(Protocol):
    """Run one Worker."""

    name: str
    cpu_kind: Kind

    async def start(self) -> None:
        """Start the isolate, load the Worker. Raises WorkerFailed (file, line) for a broken module."""

    async def fetch(self, trace_id: str, request: Request) -> Answer:
        """Let the Worker answer. Raises WorkerFailed. Cancelling it cancels the Worker's work."""

    async def stop(self) -> None:
        """End the isolate."""
