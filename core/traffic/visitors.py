"""Visitors who come by themselves: independent arrivals from cities, kept up with or not."""

import asyncio
from bisect import bisect
from collections.abc import Awaitable, Callable, Iterable
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, Generic, TypeVar

from core.clock import Clock
from core.edge.visitor import VISITOR_CITY
from core.http.messages import Request, Response

if TYPE_CHECKING:
    from core.model.deployment import Traffic, TrafficPath

T = TypeVar("T")

Send = Callable[[Request], Awaitable[None]]
"""Makes one request and reads its answer to the end."""
Handle = Callable[[Request], Awaitable[Response]]

MOST_IN_FLIGHT = 1000
"""Visits that may wait for their answers at once; beyond it visitors are turned away and counted."""
USER_AGENT = b"hybrid-tui visitors"


class Visitors:
    """Emulated visitors of one deployment.

    Arrivals are a Poisson process: the times between them are exponential, and nobody waits for the
    answer of the one before (open loop), so a slow deployment feels its slowness in full. The seed
    of ``rng`` settles when, from where and for what each of them comes.
    """

    def __init__(
        self, traffic: "Traffic", send: Send, clock: Clock, rng: Random, most_in_flight: int = MOST_IN_FLIGHT
    ) -> None:
        self._rate_per_s = traffic.requests_per_second
        self._cities = _Choice((city.encode(), share) for city, share in traffic.cities.items())
        self._paths = _Choice((path, path.weight) for path in traffic.paths)
        self._send = send
        self._clock = clock
        self._rng = rng
        self._most_in_flight = most_in_flight
        self._visits: dict[asyncio.Task[None], None] = {}
        # Not a set: its order, in which visits are ended, would change from run to run.
        self.sent = 0
        """Requests made."""
        self.not_sent = 0
        """Visitors turned away because too many were waiting."""
        self.failed = 0
        """Requests that could not be made or whose answer broke off."""
        self.last_failure = ""
        """Why the last of them failed."""

    @property
    def in_flight(self) -> int:
        """Return the number of visitors that wait for their answers."""
        return len(self._visits)

    async def run(self) -> None:
        """Let visitors come until cancelled; return at once where none are declared.

        Cancelling it ends the visits under way as well.
        """
        if self._rate_per_s <= 0:
            return
        arrival_s = self._clock.now_s()
        try:
            while True:
                arrival_s += self._rng.expovariate(self._rate_per_s)
                await asyncio.sleep(max(arrival_s - self._clock.now_s(), 0.0))
                self._arrive()
        finally:
            await self._end_visits()

    def _arrive(self) -> None:
        request = self._draw()
        if len(self._visits) >= self._most_in_flight:
            self.not_sent += 1
            return
        self.sent += 1
        task = asyncio.get_running_loop().create_task(self._visit(request))
        self._visits[task] = None
        task.add_done_callback(self._leave)

    async def _visit(self, request: Request) -> None:
        await self._send(request)

    def _leave(self, task: asyncio.Task[None]) -> None:
        self._visits.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed += 1
            self.last_failure = f"{type(error).__name__}: {error}"

    def _draw(self) -> Request:
        """Draw one request; the same number of draws for each, so that a seed stays in step."""
        city = self._cities.draw(self._rng)
        path: TrafficPath | None = self._paths.draw(self._rng)
        headers = [(b"host", b"localhost"), (b"user-agent", USER_AGENT), (b"accept", b"*/*")]
        if city is not None:
            headers.append((VISITOR_CITY, city))
        if path is None:
            return Request("GET", "/", headers)
        return Request(path.method, path.path, headers)

    async def _end_visits(self) -> None:
        visits = list(self._visits)
        for task in visits:
            task.cancel()
        await asyncio.gather(*visits, return_exceptions=True)


class _Choice(Generic[T]):
    """Draws among things by their weights."""

    def __init__(self, weighted: Iterable[tuple[T, float]]) -> None:
        pairs = list(weighted)
        self._things = [thing for thing, _ in pairs]
        self._limits = list(accumulate(weight for _, weight in pairs))

    def draw(self, rng: Random) -> T | None:
        """Return one of the things; None where there are none."""
        point = rng.random()
        if not self._things:
            return None
        place = bisect(self._limits, point * self._limits[-1])
        return self._things[min(place, len(self._things) - 1)]


def sender(handle: Handle) -> Send:
    """Make a ``Send`` of an edge's ``handle``: no network, and every byte of the answer read."""

    async def send(request: Request) -> None:
        response = await handle(request)
        try:
            if response.body is not None:
                async for _ in response.body:
                    pass
        finally:
            if response.close is not None:
                await response.close()

    return send
