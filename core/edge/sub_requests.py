"""The Worker's calls of its container bindings: which region, the way there, and the hops of it."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.clock import Clock
from core.containers.service import ContainerAnswer, ContainerService
from core.edge.streams import WatchedBody, close_body
from core.edge.trace import MS_DIGITS, Span
from core.edge.visit import Visit
from core.events.types import Kind, RegionInfo
from core.geo.edge_locations import EdgeLocation
from core.geo.placement import nearest_region
from core.http.messages import Request, Response
from core.worker.runtime import SubRequest

if TYPE_CHECKING:
    from core.model.deployment import Container, Deployment


class ContainerRoutes:
    """Which region serves a container class from an edge location."""

    def __init__(self, deployment: "Deployment", regions: Sequence[RegionInfo]) -> None:
        self._containers = {one.binding: one for one in deployment.containers}
        self._regions = tuple(regions)
        self._found: dict[tuple[str, str], tuple[RegionInfo, float]] = {}

    def container(self, binding: str) -> "Container | None":
        """Return the container class behind a binding."""
        return self._containers.get(binding)

    def route(self, container: "Container", location: EdgeLocation) -> tuple[RegionInfo, float]:
        """Return the class's nearest region and the round trip to it in milliseconds."""
        key = (container.name, location.code)
        found = self._found.get(key)
        if found is None:
            allowed = container.regions or tuple(one.id for one in self._regions)
            found = nearest_region(location, (one for one in self._regions if one.id in allowed))
            self._found[key] = found
        return found


class ContainerCall:
    """One call of a container binding within a visit."""

    __slots__ = ("_clock", "_kind", "_region", "_span", "_sub", "_visit")

    def __init__(self, visit: Visit, sub: SubRequest, region: RegionInfo, clock: Clock) -> None:
        self._visit = visit
        self._sub = sub
        self._region = region
        self._clock = clock
        self._kind: Kind = "emulated" if region.driver == "simulated" else "measured"
        self._span: Span | None = None
        visit.sub_requests += 1

    async def travel(self, rtt_ms: float) -> None:
        """Wait the emulated round trip. All of it comes before the container sees the request."""
        visit, trace = self._visit, self._visit.trace
        visit.region, visit.region_rtt_ms = self._region.id, round(rtt_ms, MS_DIGITS)
        hop = trace.begin("edge_to_region", self._now_ms(), "emulated", self._region.id, self._sub.number)
        if rtt_ms > 0:
            await asyncio.sleep(rtt_ms / 1000)
        trace.end(hop, self._now_ms())

    async def ask(self, containers: ContainerService, container: str, request: Request) -> Response:
        """Let the container answer; its hop lasts until the answer's last byte."""
        visit, start_ms = self._visit, self._now_ms()
        self._span = visit.trace.begin("container", start_ms, self._kind, container, self._sub.number)
        answer = await containers.fetch(container, self._region.id, request)
        self._note(answer, start_ms)
        return self._watched(answer.response)

    def _note(self, answer: ContainerAnswer, start_ms: float) -> None:
        assert self._span is not None
        visit = self._visit
        visit.container_reached = True
        visit.region, visit.instance = self._region.id, answer.instance
        if answer.error:
            visit.error = answer.error
        if answer.instance:
            self._span.detail = answer.instance
        if answer.cold_wait_ms > 0:
            ready_ms = min(start_ms + answer.cold_wait_ms, self._now_ms())
            detail, number = self._span.detail, self._sub.number
            visit.trace.add("cold_start_wait", start_ms, ready_ms, self._kind, detail, number)
            self._span.start_ms = ready_ms

    def _watched(self, response: Response) -> Response:
        if response.tunnel is not None:
            return response
        if response.body is None:
            self._end_hop()
            return response
        body, close = response.body, response.close

        async def close_early() -> None:
            self._end_hop()
            if close is not None:
                await close()
            else:
                await close_body(body)

        response.body = WatchedBody(body, None, self._on_end)
        response.close = close_early
        return response

    async def _on_end(self, error: BaseException | None) -> None:
        self._end_hop()
        if error is not None and not isinstance(error, asyncio.CancelledError):
            self._visit.error = f"the container's answer broke off: {error}"

    def _end_hop(self) -> None:
        if self._span is not None:
            self._visit.trace.end(self._span, self._now_ms())

    def _now_ms(self) -> float:
        return self._visit.elapsed_ms(self._clock.now_s())
