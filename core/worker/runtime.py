"""The protocol that every Worker runtime speaks, whatever language the Worker is written in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from core.events.types import Kind
from core.http.messages import Request, Response


@dataclass(frozen=True, slots=True)
class SubRequest:
    """One call of a binding by the Worker: which request it belongs to, its number there, and the binding."""

    trace_id: str
    number: int
    """From 1, within the request."""
    binding: str
    """The binding's name; empty for the Worker's own ``fetch(url)``, whose target is the whole URL."""
    instance: str = ""
    """The name of the container instance (Durable Object) that is asked for; empty for any."""
    port: int | None = None
    """The container's port, where the Worker names one."""
    operation: str = ""
    """Empty for a request to the container; else what is done with the instance: see ContainerOperation."""


ContainerOperation = Literal["start", "state", "signal", "destroy", "sleep_after", "renew"]
"""What a Worker does with an instance, beside sending it requests. The call's body is a JSON object:

- ``start`` ``{"wait": bool, "env": {}, "entrypoint": [], "enable_internet": bool, "port": int|null,
  "sleep_after_s": float|null, "timeout_s": float|null}``: start it unless it runs; with ``wait``, answer
  when its port does.
- ``state`` ``{}``; ``signal`` ``{"signal": 15}``; ``destroy`` ``{}`` (SIGKILL);
- ``sleep_after`` ``{"seconds": float|null}``; ``renew`` ``{}``: idle time starts anew.

The answer is 200 with ``{"status": "running"|"healthy"|"stopping"|"stopped"|"stopped_with_code",
"exit_code": int|null, "since_ms": int}``, or the platform's own status and text.
"""

BindingFetch = Callable[[SubRequest, Request], Awaitable[Response]]
"""Answers env.BINDING.fetch(request): given to a runtime, served by the engine."""


class CallRefused(Exception):
    """A call of the Worker is not carried out: the Worker gets an exception with this very text."""


class WorkerFailed(Exception):
    """The Worker could not answer. ``code`` is the platform's error code: 1101 exception, 1102 limit."""

    def __init__(self, message: str, *, code: Literal[1101, 1102] = 1101) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@dataclass(frozen=True, slots=True)
class CpuTime:
    """CPU time of one request. ``kind``: measured when exact, estimated when shared out among several."""

    ms: float
    kind: Kind


@dataclass(slots=True)
class Answer:
    """A Worker's answer to one request.

    ``cpu_time`` gives the CPU time used for the request; call it after the body has been read to its
    end (it waits for the isolate's report, at most briefly). Raises WorkerFailed where none comes: the
    time is unknown then, not zero.
    """

    response: Response
    cpu_time: Callable[[], Awaitable[CpuTime]]
    isolate: int = 0
    """The number of the isolate that answered."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A cron trigger has come due."""

    cron: str
    time_ms: int
    """Since 1970."""


@dataclass(frozen=True, slots=True)
class ContainerSignal:
    """Something happened to a named instance: its class's hooks are called."""

    binding: str
    instance: str
    kind: Literal["stopped", "failed", "expired"]
    """``expired``: idle for its time; who returns True for it decides what happens, and it is not stopped."""
    exit_code: int | None = None
    reason: Literal["exit", "runtime_signal"] = "exit"
    message: str = ""


WorkerEvent = Scheduled | ContainerSignal


class Runtime(Protocol):
    """Run one Worker."""

    name: str

    async def start(self) -> None:
        """Start the isolate, load the Worker. Raises WorkerFailed (file, line) for a broken module."""

    async def fetch(self, trace_id: str, request: Request) -> Answer:
        """Let the Worker answer. Raises WorkerFailed. Cancelling it cancels the Worker's work."""

    async def notify(self, trace_id: str, event: WorkerEvent) -> bool:
        """Let the Worker handle an event; return whether it has a handler. Raises WorkerFailed."""

    async def reload(self) -> None:
        """Load the Worker's code anew and let new requests go there; requests under way end where they are.

        Raises WorkerFailed for code that cannot be loaded: then the old goes on serving.
        """

    async def stop(self) -> None:
        """End all isolates."""
