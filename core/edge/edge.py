"""The edge: takes a visitor's request, lets the Worker answer it, and publishes what happened."""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from core.clock import Clock
from core.containers.service import ContainerService
from core.edge.answer import AnswerWatch
from core.edge.errors import platform_error
from core.edge.streams import WatchedBody
from core.edge.sub_requests import ContainerCall, ContainerRoutes
from core.edge.visit import Visit
from core.edge.visitor import VISITOR_CITY, default_place, visitor_finder
from core.edge.visits import Visits
from core.events.bus import EventBus
from core.events.types import Kind, RegionInfo
from core.http.messages import Request, Response, find_header, text_response
from core.worker.runtime import Runtime, SubRequest, WorkerFailed

if TYPE_CHECKING:
    from core.model.deployment import Deployment


async def _no_report() -> float:
    return 0.0  # a Worker that failed reports no CPU time


class Edge:
    """Every edge location of a deployment, behind one door.

    ``handle`` knows nothing of sockets: an HTTP server calls it, and so may a simulation. Each request
    ends in exactly one RequestFinished, once its answer has been read to the end, its tunnel has
    closed, or its visitor has left.
    """

    def __init__(
        self,
        deployment: "Deployment",
        regions: Sequence[RegionInfo],
        runtime: Runtime,
        containers: ContainerService,
        bus: EventBus,
        clock: Clock,
        rng: Random,
    ) -> None:
        """Serve ``deployment``; ``rng`` draws the trace ids. Raises ValueError without any region."""
        if not regions:
            raise ValueError("a deployment needs at least one region")
        self.runtime = runtime
        self.latency_scale = deployment.latency_scale
        """The factor on emulated round trips; what is set here counts from the next call of a container."""
        simulated = all(region.driver == "simulated" for region in regions)
        self._kind: Kind = "emulated" if simulated else "measured"
        """Where the times of edge and Worker come from: with nothing real below them they are emulated."""
        self._name = deployment.name
        self._routes = ContainerRoutes(deployment, regions)
        self._containers = containers
        self._clock = clock
        self._rng = rng
        self._find_visitor = visitor_finder(default_place(deployment.traffic.city, regions))
        self._visits = Visits(bus, clock)

    @property
    def in_flight(self) -> int:
        """Return the number of requests that have arrived and not ended."""
        return len(self._visits)

    async def handle(self, request: Request) -> Response:
        """Answer one request. Cancelling it tells the Worker that the visitor has left."""
        visit = self._arrive(request)
        try:
            answer = await self.runtime.fetch(visit.trace_id, self._towards_worker(visit, request))
        except WorkerFailed as failure:
            return await self._platform_answer(visit, request, failure)
        except BaseException as error:
            visit.status = 500
            visit.note_failure(error)
            self._visits.finish_unreported(visit)
            raise
        watch = AnswerWatch(self._visits, visit, answer.cpu_ms, self.runtime.cpu_kind)
        return await watch.watch(answer.response)

    async def binding_fetch(self, sub: SubRequest, request: Request) -> Response:
        """Answer env.BINDING.fetch(request) of the Worker; see BindingFetch.

        A call that a Worker makes after its answer has ended is served, but belongs to no trace.
        """
        visit = self._visits.get(sub.trace_id) or self._unseen(sub)
        container = self._routes.container(sub.binding)
        if container is None:
            visit.error = f"the Worker called the binding {sub.binding}, which no container declares"
            return text_response(500, visit.error)
        region, rtt_ms = self._routes.route(container, visit.visitor.location)
        call = ContainerCall(visit, sub, region, self._clock)
        await call.travel(rtt_ms * self.latency_scale)
        headers = visit.fields.towards_container(request.headers)
        return await call.ask(
            self._containers, container.name, Request(request.method, request.target, headers, request.body)
        )

    async def close(self) -> None:
        """Wait until every request that has ended is published; the Worker must still run."""
        await self._visits.close()

    def _arrive(self, request: Request) -> Visit:
        visitor = self._find_visitor(find_header(request.headers, VISITOR_CITY))
        trace_id = f"{self._rng.getrandbits(64):016x}"
        visit = Visit(trace_id, request.method, request.path, visitor, self._clock.now_s())
        visit.trace.add("visitor_to_edge", -visitor.rtt_ms, 0.0, "estimated", visitor.detail)
        visit.trace.begin("edge", 0.0, self._kind, visitor.location.code)
        self._visits.open(visit)
        return visit

    def _unseen(self, sub: SubRequest) -> Visit:
        return Visit(sub.trace_id, "", "", self._find_visitor(None), self._clock.now_s())

    def _towards_worker(self, visit: Visit, request: Request) -> Request:
        async def on_end(error: BaseException | None) -> None:
            # A Worker that leaves the rest of a body unread may cancel the reading; that is no leaving.
            if isinstance(error, Exception):
                visit.left = True

        body = request.body
        if body is not None:
            body = WatchedBody(body, visit.count_request_bytes, on_end)
        visit.trace.begin("worker", visit.elapsed_ms(self._clock.now_s()), self._kind, self._name)
        headers = visit.fields.towards_worker(request.headers)
        return Request(request.method, request.target, headers, body)

    async def _platform_answer(self, visit: Visit, request: Request, failure: WorkerFailed) -> Response:
        visit.error = failure.message
        if visit.left:
            self._visits.finish_unreported(visit)
        accept = find_header(request.headers, b"accept")
        response = platform_error(failure.code, visit.fields.ray.decode(), accept)
        return await AnswerWatch(self._visits, visit, _no_report, "estimated").watch(response)
