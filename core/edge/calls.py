"""What a Worker calls: its container bindings, operations on named instances, and the outside."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.clock import Clock
from core.containers.service import ContainerService
from core.edge.hop import OpenHop
from core.edge.outbound import Outbound
from core.edge.outbound_messages import host_of
from core.edge.sub_requests import ContainerCall, ContainerRoutes
from core.edge.visit import Visit
from core.events.types import RegionInfo
from core.http.messages import Request, Response
from core.worker.runtime import CallRefused, SubRequest

if TYPE_CHECKING:
    from core.model.deployment import Container, Deployment

LONGEST_OPTIONS_BYTES = 1_000_000


class WorkerCalls:
    """Carries out the calls that a Worker makes for one of its requests."""

    def __init__(
        self,
        deployment: "Deployment",
        regions: Sequence[RegionInfo],
        containers: ContainerService,
        clock: Clock,
    ) -> None:
        self._limit = deployment.worker.limits.sub_requests
        self._routes = ContainerRoutes(deployment, regions)
        self._containers = containers
        self._clock = clock
        simulated = all(region.driver == "simulated" for region in regions)
        self._outbound = Outbound("simulated" if simulated else deployment.worker.outbound)

    async def call(self, visit: Visit, sub: SubRequest, request: Request) -> Response:
        """Carry out one call. Raises CallRefused."""
        if not sub.binding:
            self._count(visit)
            return await self._outside(visit, sub, request)
        container = self._routes.container(sub.binding)
        if container is None:
            raise CallRefused(f"there is no binding {sub.binding}: no container declares it")
        if sub.operation:
            return await self._operate(visit, sub, container, request)
        self._count(visit)
        region, rtt_ms = self._route(visit, sub, container)
        call = ContainerCall(visit, sub, region, self._clock)
        await call.travel(rtt_ms * visit.latency_scale)
        headers = visit.fields.towards_container(request.headers)
        return await call.ask(
            self._containers, container.name, Request(request.method, request.target, headers, request.body)
        )

    async def close(self) -> None:
        """Close the connections to the outside."""
        await self._outbound.close()

    async def _outside(self, visit: Visit, sub: SubRequest, request: Request) -> Response:
        hop = OpenHop(visit, self._clock, "outbound", "measured", host_of(request), sub.number)
        try:
            response = await self._outbound.fetch(request)
        except Exception:
            hop.end()
            raise
        return hop.until_last_byte(response, "an outside server's")

    async def _operate(
        self, visit: Visit, sub: SubRequest, container: "Container", request: Request
    ) -> Response:
        options = await _options(request)
        region, _ = self._route(visit, sub, container)
        return await ContainerCall(visit, sub, region, self._clock).operate(
            self._containers, container.name, options
        )

    def _route(self, visit: Visit, sub: SubRequest, container: "Container") -> tuple[RegionInfo, float]:
        placed = self._containers.place(container.name, sub.instance) if sub.instance else None
        return self._routes.route(container, visit.visitor.location, placed)

    def _count(self, visit: Visit) -> None:
        if visit.sub_requests >= self._limit:
            raise CallRefused(
                f"Too many subrequests by single Worker invocation: the limit is {self._limit} "
                "(worker.limits.sub_requests in hybrid.toml)"
            )
        visit.sub_requests += 1


async def _options(request: Request) -> dict[str, Any]:
    """Return the options of an operation, from its body. Raises CallRefused."""
    data = bytearray()
    if request.body is not None:
        async for chunk in request.body:
            data += chunk
            if len(data) > LONGEST_OPTIONS_BYTES:
                raise CallRefused("the options of an operation on a container are too long")
    try:
        options = json.loads(data or b"{}")
    except ValueError:
        options = None
    if not isinstance(options, dict):
        raise CallRefused("the options of an operation on a container are no JSON object")
    return options
