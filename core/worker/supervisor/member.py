"""One isolate as the supervisor sees it: its state, and what ended it."""

import asyncio
from dataclasses import dataclass, field
from typing import Literal, Protocol

from core.worker.isolate import Isolate

EXIT_WAIT_S = 1.0
"""How long the end of a process may lag behind the end of its connection."""


@dataclass(frozen=True, slots=True)
class Fate:
    """Why an isolate ended: ``culprit`` is the trace id of the request that ended it; empty when unknown."""

    message: str
    code: Literal[1101, 1102]
    culprit: str


class Suspect(Protocol):
    """A request at an isolate."""

    @property
    def waiting(self) -> bool:
        """Say whether it waits for the engine, so that none of its code runs."""


@dataclass(eq=False, slots=True)
class Member:
    """An isolate with the version of the code that it runs."""

    isolate: Isolate
    version: int
    state: Literal["ready", "stalled", "doubted", "draining", "gone"] = "ready"
    fate: Fate | None = None
    asked_to_stop: bool = False
    requests: dict[str, Suspect] = field(default_factory=dict)
    """The requests that it has not begun to answer, by trace id."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request goes there; who watches it rests until then."""

    @property
    def number(self) -> int:
        """Return the isolate's number."""
        return self.isolate.number

    def only_suspect(self) -> str:
        """Return the one request at it whose code may run; empty when there are several, or none."""
        suspects = [trace_id for trace_id, request in self.requests.items() if not request.waiting]
        return suspects[0] if len(suspects) == 1 else ""

    async def how_it_ended(self) -> Fate:
        """Return what ended the isolate, once that is known."""
        if self.fate is None:
            try:
                async with asyncio.timeout(EXIT_WAIT_S):
                    await self.isolate.exited.wait()
            except TimeoutError:
                return Fate("the isolate closed its connection", 1101, "")
        return self.settle()

    def settle(self) -> Fate:
        """Return what ended the isolate; to be called when it has ended."""
        if self.fate is None:
            isolate = self.isolate
            if isolate.ran_out_of_memory():
                self.fate = Fate("the Worker ran out of memory", 1102, isolate.running())
            else:
                self.fate = Fate(isolate.how_it_ended(), 1101, isolate.running())
        return self.fate
