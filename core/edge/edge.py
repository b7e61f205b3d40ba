"""The edge: takes a visitor's request, lets the Worker answer it, and publishes what happened."""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from core.clock import Clock
from core.containers.service import ContainerService
from core.edge.answer import AnswerWatch, release
from core.edge.calls import WorkerCalls
from core.edge.errors import body_too_long, platform_error
from core.edge.latency import checked_scale, told_scale
from core.edge.limits import BodyLimit
from core.edge.scheduled import NO_HANDLER, asked_schedule
from core.edge.streams import WatchedBody
from core.edge.visit import Visit
from core.edge.visitor import VISITOR_CITY, default_place, visitor_finder
from core.edge.visits import NO_CPU_TIME, Visits
from core.events.bus import EventBus
from core.events.types import Kind, LatencyChanged, RegionInfo
from core.http.messages import Request, Response, find_header, text_response
from core.redaction import RequestSecrets
from core.worker.runtime import CpuTime, Runtime, Scheduled, SubRequest, WorkerEvent, WorkerFailed

if TYPE_CHECKING:
    from core.model.deployment import Deployment


async def _no_report() -> CpuTime:
    return NO_CPU_TIME  # a Worker that failed, or was not asked, reports none


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
        secrets: RequestSecrets | None = None,
    ) -> None:
        """Serve ``deployment``; ``rng`` draws the trace ids, ``secrets`` learns what requests carry.

        Raises ValueError without any region.
        """
        if not regions:
            raise ValueError("a deployment needs at least one region")
        self.runtime = runtime
        self.latency_scale = deployment.latency_scale
        """The factor on emulated round trips of requests that arrive from now on."""
        self._bus = bus
        simulated = all(region.driver == "simulated" for region in regions)
        self._kind: Kind = "emulated" if simulated else "measured"
        """Where the times of edge and Worker come from: with nothing real below them they are emulated."""
        self._name = deployment.name
        self._calls = WorkerCalls(deployment, regions, containers, clock)
        self._body_limit = BodyLimit(deployment.worker.limits.request_body_mb)
        self._clock = clock
        self._rng = rng
        self._secrets = RequestSecrets(clock) if secrets is None else secrets
        self._find_visitor = visitor_finder(default_place(deployment.traffic.city, regions))
        self._visits = Visits(bus, clock)

    @property
    def in_flight(self) -> int:
        """Return the number of requests that have arrived and not ended."""
        return len(self._visits)

    async def handle(self, request: Request) -> Response:
        """Answer one request. Cancelling it tells the Worker that the visitor has left."""
        visit = self._arrive(request)
        if not self._body_limit.hold(visit, request.headers):
            return await self._too_long(visit)
        try:
            if event := asked_schedule(request, self._clock):
                return await self._run_by_hand(visit, event)
            answer = await self.runtime.fetch(visit.trace_id, self._towards_worker(visit, request))
        except WorkerFailed as failure:
            return await self._platform_answer(visit, request, failure)
        except BaseException as error:
            visit.status = 500
            visit.note_failure(error)
            self._visits.finish_unreported(visit)
            raise
        visit.isolate = answer.isolate
        self._secrets.remember(visit.trace_id, answer.response.headers)
        if visit.too_long:
            await release(answer.response)
            return await AnswerWatch(self._visits, visit, answer.cpu_time).watch(_refused(visit))
        return await AnswerWatch(self._visits, visit, answer.cpu_time).watch(answer.response)

    async def binding_fetch(self, sub: SubRequest, request: Request) -> Response:
        """Carry out a call of the Worker: see BindingFetch. Raises CallRefused.

        A call that a Worker makes after its answer has ended is served, but belongs to no trace.
        """
        visit = self._visits.get(sub.trace_id) or self._unseen(sub)
        if not sub.binding:
            self._secrets.remember(sub.trace_id, request.headers)
        return await self._calls.call(visit, sub, request)

    def set_latency(self, scale: float) -> str:
        """Change the factor on emulated round trips and say so; requests under way keep theirs.

        Raises ScaleRefused.
        """
        before, self.latency_scale = self.latency_scale, checked_scale(scale)
        if self.latency_scale != before:
            self._bus.publish(LatencyChanged(time_s=self._bus.now_s(), latency_scale=self.latency_scale))
        return told_scale(self.latency_scale)

    async def notify(self, event: WorkerEvent) -> bool:
        """Let the Worker handle what is no request; return whether it has a handler. Raises WorkerFailed."""
        return await self.runtime.notify(self._trace_id(), event)

    async def close(self) -> None:
        """Wait until every request that has ended is published; the Worker must still run."""
        await self._visits.close()
        await self._calls.close()

    def _trace_id(self) -> str:
        return f"{self._rng.getrandbits(64):016x}"

    def _arrive(self, request: Request) -> Visit:
        visitor = self._find_visitor(find_header(request.headers, VISITOR_CITY))
        visit = Visit(self._trace_id(), request.method, request.path, visitor, self._clock.now_s())
        visit.latency_scale = self.latency_scale
        visit.trace.add("visitor_to_edge", -visitor.rtt_ms, 0.0, "estimated", visitor.detail)
        visit.trace.begin("edge", 0.0, self._kind, visitor.location.code)
        self._secrets.remember(visit.trace_id, request.headers)
        self._visits.open(visit)
        return visit

    def _unseen(self, sub: SubRequest) -> Visit:
        visit = Visit(sub.trace_id, "", "", self._find_visitor(None), self._clock.now_s())
        visit.latency_scale = self.latency_scale
        return visit

    def _towards_worker(self, visit: Visit, request: Request) -> Request:
        async def on_end(error: BaseException | None) -> None:
            # A Worker that leaves the rest of a body unread may cancel the reading; that is no leaving.
            if isinstance(error, Exception):
                visit.left = True

        body = request.body
        if body is not None:
            body = WatchedBody(body, self._body_limit.counter(visit), on_end)
        self._begin_worker(visit)
        headers = visit.fields.towards_worker(request.headers)
        return Request(request.method, request.target, headers, body)

    def _begin_worker(self, visit: Visit) -> None:
        visit.trace.begin("worker", visit.elapsed_ms(self._clock.now_s()), self._kind, self._name)

    async def _run_by_hand(self, visit: Visit, event: Scheduled) -> Response:
        """Run a cron trigger for a request that asks for it, and say how it went."""
        self._begin_worker(visit)
        try:
            if not await self.runtime.notify(visit.trace_id, event):
                visit.error = NO_HANDLER
        except WorkerFailed as failure:
            visit.error, visit.error_code = failure.message, failure.code
        response = text_response(500, "exception") if visit.error else text_response(200, "ok")
        return await AnswerWatch(self._visits, visit, _no_report).watch(response)

    async def _platform_answer(self, visit: Visit, request: Request, failure: WorkerFailed) -> Response:
        if visit.too_long:
            return await self._too_long(visit)
        visit.error, visit.error_code = failure.message, failure.code
        if visit.left:
            self._visits.finish_unreported(visit)
        accept = find_header(request.headers, b"accept")
        response = platform_error(failure.code, visit.fields.ray.decode(), accept)
        return await AnswerWatch(self._visits, visit, _no_report).watch(response)

    async def _too_long(self, visit: Visit) -> Response:
        return await AnswerWatch(self._visits, visit, _no_report).watch(_refused(visit))


def _refused(visit: Visit) -> Response:
    visit.error = visit.too_long
    return body_too_long()
