import asyncio

import pytest

from core.clock import VirtualClock
from core.edge.visit import Visit
from core.edge.visitor import default_place, visitor_finder
from core.edge.visits import Visits
from core.events.bus import EventBus
from core.events.types import AnyEvent, RequestFinished
from core.http.messages import Request
from core.worker.runtime import CpuTime, WorkerFailed
from tests.core.edge.world import World, body_of, hello

VISITOR = visitor_finder(default_place("Tokyo", ()))(None)


def test_the_event_is_due_even_when_the_connection_closes_before_the_worker_s_report() -> None:
    world = World(hello)

    async def main() -> None:
        world.runtime.report = asyncio.Event()
        response = await world.edge.handle(Request("GET", "/"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await body_of(response)
        assert world.requests == []
        world.runtime.report.set()
        await world.edge.close()

    world.run(main())
    event = world.last
    assert (event.outcome, event.status, event.worker_cpu_ms) == ("edge", 200, 1.25)
    assert event.duration_ms == 0.0


async def test_a_worker_that_ended_before_its_report_leaves_the_cpu_time_unknown() -> None:
    clock = VirtualClock()
    bus = EventBus(clock)
    events: list[AnyEvent] = []
    bus.subscribe(events.append)
    visits = Visits(bus, clock)
    visit = Visit("ab" * 8, "GET", "/", VISITOR, 0.0)
    visits.open(visit)

    async def gone() -> CpuTime:
        raise WorkerFailed("the isolate has ended")

    await visits.finish(visit, gone)
    (event,) = events
    assert isinstance(event, RequestFinished)
    assert (event.worker_cpu_ms, event.worker_cpu_kind) == (0.0, "estimated")
    assert len(visits) == 0


async def test_a_visit_that_is_finished_twice_is_published_once() -> None:
    clock = VirtualClock()
    bus = EventBus(clock)
    visits = Visits(bus, clock)
    visit = Visit("ab" * 8, "GET", "/", VISITOR, 0.0)
    visits.open(visit)
    assert visits.get(visit.trace_id) is visit

    async def one_ms() -> CpuTime:
        return CpuTime(1.0, "measured")

    await visits.finish(visit, one_ms)
    await visits.finish(visit, one_ms)
    visits.finish_later(visit, one_ms)
    visits.finish_unreported(visit)
    await visits.close()
    assert bus.sequence == 1
    assert visits.get(visit.trace_id) is None
