"""What the supervisor needs of one isolate: a process in which the Worker is loaded."""

import asyncio
from typing import Protocol

from core.http.messages import Request
from core.worker.runtime import Answer, WorkerEvent


class IsolateLost(Exception):
    """The isolate ended, or was given up, before it answered a request.

    ``began`` says whether the Worker had begun on the request (then doing it again is not always safe).
    """

    def __init__(self, message: str, *, began: bool) -> None:
        super().__init__(message)
        self.message = message
        self.began = began


class Isolate(Protocol):
    """One isolate, ready for requests."""

    number: int
    pid: int
    exited: asyncio.Event
    """Set when its process has ended."""

    @property
    def in_flight(self) -> int:
        """Return the requests and events at it that have not ended."""

    @property
    def heap_mib(self) -> float:
        """Return what the language's own heap and buffers held when it last told; 0 when unknown."""

    async def fetch(self, trace_id: str, request: Request) -> Answer:
        """Let the Worker answer. Raises WorkerFailed when it fails, IsolateLost when its isolate ends."""

    async def notify(self, trace_id: str, event: WorkerEvent) -> bool:
        """Let the Worker handle an event; return whether it has a handler. Raises as ``fetch``."""

    async def ping(self) -> None:
        """Return when the isolate's loop has turned once. Raises IsolateLost."""

    def running(self) -> str:
        """Return the trace id of the request that the isolate works on, or last did; empty when unknown."""

    def give_back(self) -> None:
        """End the wait of each request that the Worker has not begun: its ``fetch`` raises IsolateLost.

        For an isolate that is stuck; what it does later for these requests is ignored.
        """

    def kill(self, reason: str) -> None:
        """End the process, and what it started, at once; requests at it raise IsolateLost."""

    async def stop(self) -> None:
        """Let the process end by itself, and end it when it does not within a few seconds."""

    def how_it_ended(self) -> str:
        """Return how the process ended, in words; the reason of ``kill`` where it was killed."""

    def ran_out_of_memory(self) -> bool:
        """Say whether the language's own heap limit ended it."""


class Launcher(Protocol):
    """Starts isolates of one Worker in one language."""

    name: str

    async def launch(self, number: int) -> Isolate:
        """Start an isolate with the code as it is now. Raises WorkerFailed (file, line) for broken code."""

    async def close(self) -> None:
        """Free what the isolates shared; they have ended."""
