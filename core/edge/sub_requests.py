"""The Worker's calls of its container bindings: which region, the way there, and the hops of it.

An operation on a named instance (start, stop, …) travels no distance: on the platform the class that asks
for it lives beside its container, and the way to the class is that of the request which made it ask.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.clock import Clock
from core.containers.service import ContainerAnswer, ContainerService
from core.edge.hop import OpenHop
from core.edge.trace import MS_DIGITS
from core.edge.visit import Visit
from core.events.types import Kind, RegionInfo
from core.geo.edge_locations import EdgeLocation
from core.geo.placement import nearest_region, region_round_trip_ms
from core.http.messages import Request, Response
from core.worker.runtime import SubRequest

if TYPE_CHECKING:
    from core.model.deployment import Container, Deployment


SILENT_OPERATIONS = frozenset({"state", "sleep_after", "renew"})
"""Operations that ask or note something, and do nothing with the instance: no hop is drawn for them."""


class ContainerRoutes:
    """Which region serves a container class from an edge location."""

    def __init__(self, deployment: "Deployment", regions: Sequence[RegionInfo]) -> None:
        self._containers = {one.binding: one for one in deployment.containers}
        self._regions = tuple(regions)
        self._found: dict[tuple[str, str], tuple[RegionInfo, float]] = {}

    def container(self, binding: str) -> "Container | None":
        """Return the container class behind a binding."""
        return self._containers.get(binding)

    def route(
        self, container: "Container", location: EdgeLocation, placed: str | None = None
    ) -> tuple[RegionInfo, float]:
        """Return the region that serves a call, and the round trip to it in milliseconds.

        It is the region ``placed`` where a named instance lives, else the class's nearest.
        """
        if placed is not None:
            region = next(one for one in self._regions if one.id == placed)
            return region, region_round_trip_ms(location, region)
        key = (container.name, location.code)
        found = self._found.get(key)
        if found is None:
            allowed = container.regions or tuple(one.id for one in self._regions)
            found = nearest_region(location, (one for one in self._regions if one.id in allowed))
            self._found[key] = found
        return found


class ContainerCall:
    """One call of a container binding within a visit."""

    __slots__ = ("_clock", "_kind", "_region", "_sub", "_visit")

    def __init__(self, visit: Visit, sub: SubRequest, region: RegionInfo, clock: Clock) -> None:
        self._visit = visit
        self._sub = sub
        self._region = region
        self._clock = clock
        self._kind: Kind = "emulated" if region.driver == "simulated" else "measured"

    async def travel(self, rtt_ms: float) -> None:
        """Wait the emulated round trip. All of it comes before the container sees the request."""
        visit = self._visit
        visit.region, visit.region_rtt_ms = self._region.id, round(rtt_ms, MS_DIGITS)
        hop = OpenHop(visit, self._clock, "edge_to_region", "emulated", self._region.id, self._sub.number)
        if rtt_ms > 0:
            await asyncio.sleep(rtt_ms / 1000)
        hop.end()

    async def ask(self, containers: ContainerService, container: str, request: Request) -> Response:
        """Let the container answer; its hop lasts until the answer's last byte."""
        sub, hop = self._sub, self._hop(container)
        answer = await containers.fetch(
            container, self._region.id, request, instance=sub.instance, port=sub.port
        )
        self._visit.container_reached = True
        self._note(answer, hop)
        return hop.until_last_byte(answer.response, "the container's")

    async def operate(
        self, containers: ContainerService, container: str, options: Mapping[str, Any]
    ) -> Response:
        """Do with a named instance what the call says; the hop names the operation."""
        sub = self._sub
        silent = sub.operation in SILENT_OPERATIONS
        hop = None if silent else self._hop(f"{sub.operation} {sub.instance}")
        answer = await containers.operate(container, self._region.id, sub.instance, sub.operation, options)
        if hop is not None:
            self._note(answer, hop, f"{sub.operation} ")
            hop.end()
        return answer.response

    def _hop(self, detail: str) -> OpenHop:
        return OpenHop(self._visit, self._clock, "container", self._kind, detail, self._sub.number)

    def _note(self, answer: ContainerAnswer, hop: OpenHop, verb: str = "") -> None:
        visit, span = self._visit, hop.span
        visit.region, visit.instance = self._region.id, answer.instance
        if answer.error:
            visit.error = answer.error
        if answer.instance:
            span.detail = verb + answer.instance
        if answer.cold_wait_ms > 0:
            ready_ms = min(span.start_ms + answer.cold_wait_ms, hop.now_ms())
            detail, number = answer.instance or span.detail, self._sub.number
            added_from_ms = max(ready_ms - answer.added_wait_ms, span.start_ms)
            if added_from_ms > span.start_ms or not answer.added_wait_ms:
                visit.trace.add("cold_start_wait", span.start_ms, added_from_ms, self._kind, detail, number)
            if answer.added_wait_ms:
                visit.trace.add("cold_start_wait", added_from_ms, ready_ms, "emulated", detail, number)
            span.start_ms = ready_ms
