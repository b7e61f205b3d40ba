"""One request through the edge: what its trace and its event say, and what Worker and container see."""

import asyncio

import pytest

from core.edge.errors import PlatformCode
from core.events.types import Hop, HopName, RequestFinished
from core.http.messages import Request, Response, find_header, text_response
from core.model.deployment import Container
from core.worker.runtime import SubRequest, WorkerFailed
from tests.core.edge.world import ScriptedRuntime, World, body_of, chunks, hello, pass_on, streamed

TOKYO = (b"X-Visitor-City", b"Tokyo")


def hop(event: RequestFinished, name: HopName, sub_request: int | None = None) -> Hop:
    """Return the one hop of a name."""
    (found,) = [one for one in event.trace if one.name == name and sub_request in (None, one.sub_request)]
    return found


def test_an_answer_of_the_worker_is_one_request_that_the_edge_answered() -> None:
    world = World(hello)
    assert world.visit(target="/api/me?token=secret") == (200, b"hello")
    event = world.last
    assert (event.outcome, event.status, event.path) == ("edge", 200, "/api/me")
    assert (event.region, event.instance, event.sub_requests) == ("", "", 0)
    assert (event.response_bytes, event.worker_cpu_ms) == (5, 1.25)
    assert [one.name for one in event.trace] == ["visitor_to_edge", "edge", "worker"]


def test_the_answer_carries_the_trace_id_and_the_edge_location() -> None:
    world = World(hello)

    async def main() -> Response:
        response = await world.edge.handle(Request("GET", "/", [TOKYO]))
        await body_of(response)
        return response

    response = world.run(main())
    assert find_header(response.headers, b"cf-ray") == f"{world.last.trace_id}-NRT".encode()
    assert len(world.last.trace_id) == 16


def test_a_request_to_a_container_shows_the_way_the_cold_start_and_the_service() -> None:
    world = World(pass_on, regions=("us-east",))
    world.containers.cold_wait_s = 1.0
    assert world.visit(TOKYO) == (200, b"from the container")
    event = world.last
    assert (event.outcome, event.region, event.instance) == ("container", "us-east", "app-1")
    assert event.region_rtt_ms == pytest.approx(160, abs=25)
    assert event.cold_wait_ms == pytest.approx(1000)
    assert event.sub_requests == 1
    way, wait, served = (hop(event, name, 1) for name in ("edge_to_region", "cold_start_wait", "container"))
    assert way.duration_ms == pytest.approx(event.region_rtt_ms, abs=0.01)
    assert wait.start_ms == pytest.approx(way.start_ms + way.duration_ms, abs=0.01)
    assert served.start_ms == pytest.approx(wait.start_ms + wait.duration_ms, abs=0.01)
    assert served.duration_ms == pytest.approx(10, abs=0.01)
    assert event.duration_ms == pytest.approx(event.region_rtt_ms + 1010, abs=0.01)


def test_distance_is_emulated_and_the_visitor_s_way_only_estimated() -> None:
    world = World(pass_on)
    world.visit(TOKYO)
    kinds = {one.name: one.kind for one in world.last.trace}
    assert kinds == {
        "visitor_to_edge": "estimated",
        "edge": "measured",
        "worker": "measured",
        "edge_to_region": "emulated",
        "container": "measured",
    }


def test_the_times_of_a_simulated_container_are_emulated() -> None:
    world = World(pass_on, driver="simulated")
    world.containers.cold_wait_s = 1.0
    world.visit()
    assert hop(world.last, "container").kind == "emulated"
    assert hop(world.last, "cold_start_wait").kind == "emulated"


def test_a_request_goes_to_the_region_nearest_to_its_edge_location() -> None:
    world = World(pass_on)
    world.visit(TOKYO)
    world.visit((b"x-visitor-city", b"iad"))
    assert [region for _, region, _ in world.containers.seen] == ["ap-northeast", "us-east"]


def test_a_class_goes_only_to_its_own_regions() -> None:
    here = Container(binding="APP", command=("serve",), regions=("us-east",))
    world = World(pass_on, containers=(here,))
    world.visit(TOKYO)
    assert world.last.region == "us-east"


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_an_answer_whose_body_nobody_reads_ends_with_its_headers(method: str, status: int) -> None:
    closed: list[str] = []

    async def with_body(_world: World, _trace_id: str, _request: Request) -> Response:
        async def close() -> None:
            closed.append("freed")

        return Response(status, [(b"content-length", b"3")], chunks(b"abc"), None, close)

    world = World(with_body)
    assert world.visit(method=method) == (status, b"")
    event = world.last
    assert (event.outcome, event.status, event.response_bytes) == ("edge", status, 0)
    assert closed == ["freed"]


def test_the_latency_scale_can_be_changed_while_running() -> None:
    world = World(pass_on, regions=("us-east",))
    world.visit(TOKYO)
    world.edge.latency_scale = 0.5
    world.visit(TOKYO)
    world.edge.latency_scale = 0.0
    world.visit(TOKYO)
    whole, half, none = (one.region_rtt_ms for one in world.requests)
    assert half == pytest.approx(whole / 2, abs=0.01)
    assert none == 0
    assert hop(world.requests[2], "edge_to_region").duration_ms == 0


def test_visitors_who_name_no_city_come_from_the_traffic_s_city_else_from_the_first_region() -> None:
    lisbon, first = World(hello, traffic_city="Lisbon"), World(hello)
    lisbon.visit()
    first.visit()
    assert (lisbon.last.city, lisbon.last.edge_location) == ("Lisbon", "LIS")
    assert (first.last.city, first.last.edge_location) == ("Ashburn", "IAD")


def test_an_unknown_city_is_taken_as_the_default_and_noted_in_the_trace() -> None:
    world = World(hello)
    world.visit((b"X-Visitor-City", b"Atlantis"))
    assert world.last.city == "Ashburn"
    assert hop(world.last, "visitor_to_edge").detail == 'Ashburn (no known place "Atlantis")'


def test_a_visitor_far_from_every_edge_location_has_a_longer_way() -> None:
    world = World(hello)
    world.visit((b"X-Visitor-City", b"-41.13,-71.31"))
    event = world.last
    assert event.edge_location == "NQN"
    assert event.visitor_rtt_ms > 5.7
    assert hop(event, "visitor_to_edge").start_ms == -event.visitor_rtt_ms


def test_the_worker_gets_what_the_edge_knows_and_not_what_the_visitor_says_of_itself() -> None:
    world = World(hello)
    world.visit(
        (b"X-Visitor-City", "São Paulo".encode()),
        (b"CF-Connecting-IP", b"6.6.6.6"),
        (b"cf-ray", b"forged"),
        (b"Cf-IpCountry", b"XX"),
        (b"X-Forwarded-Proto", b"https"),
        (b"X-Forwarded-For", b"10.0.0.1"),
        (b"Cookie", b"a=b"),
    )
    (seen,) = world.runtime.seen
    names = [name.lower() for name, _ in seen.headers]
    assert len(names) == len(set(names))
    fields = {name.lower(): value for name, value in seen.headers}
    assert fields == {
        b"cookie": b"a=b",
        b"cf-ray": f"{world.last.trace_id}-GRU".encode(),
        b"cf-connecting-ip": b"127.0.0.1",
        b"cf-ipcity": "São Paulo".encode(),
        b"cf-ipcountry": b"BR",
        b"x-forwarded-for": b"10.0.0.1, 127.0.0.1",
        b"x-forwarded-proto": b"http",
    }


def test_a_container_gets_them_too_when_the_worker_makes_a_request_of_its_own() -> None:
    async def own(world: World, trace_id: str, _request: Request) -> Response:
        fresh = Request("POST", "/render", [(b"x-forwarded-for", b"worker"), (b"cf-ray", b"forged")])
        return await world.edge.binding_fetch(SubRequest(trace_id, 1, "APP"), fresh)

    world = World(own)
    world.visit(TOKYO)
    ((_, _, seen),) = world.containers.seen
    assert (seen.method, seen.target) == ("POST", "/render")
    assert seen.header(b"cf-ray") == f"{world.last.trace_id}-NRT".encode()
    assert seen.header(b"x-forwarded-for") == b"worker"
    assert seen.header(b"cf-ipcountry") == b"JP"


def test_bytes_are_counted_as_they_stream_in_both_directions() -> None:
    async def echo(_world: World, _trace_id: str, request: Request) -> Response:
        return Response(200, [], request.body)

    world = World(echo)

    async def main() -> None:
        response = await world.edge.handle(Request("POST", "/", [], chunks(b"a" * 1000, b"b" * 500)))
        assert world.requests == []
        await body_of(response)

    world.run(main())
    assert (world.last.request_bytes, world.last.response_bytes) == (1500, 1500)


def test_no_event_before_the_body_is_read_to_its_end_and_none_twice() -> None:
    world = World(hello)

    async def main() -> None:
        response = await world.edge.handle(Request("GET", "/"))
        assert response.body is not None
        assert response.close is not None
        assert world.edge.in_flight == 1
        await response.body.__anext__()
        assert world.requests == []
        with pytest.raises(StopAsyncIteration):
            await response.body.__anext__()
        assert len(world.requests) == 1
        await response.close()
        await response.close()

    world.run(main())
    assert world.last.outcome == "edge"
    assert world.edge.in_flight == 0


def test_an_answer_without_a_body_ends_at_once() -> None:
    async def empty(_world: World, _trace_id: str, _request: Request) -> Response:
        return Response(204)

    world = World(empty)
    assert world.visit() == (204, b"")
    assert world.last.status == 204


@pytest.mark.parametrize(("code", "status"), [(1101, 500), (1102, 503)])
def test_a_worker_that_fails_gets_the_platform_s_answer(code: PlatformCode, status: int) -> None:
    async def fail(_world: World, _trace_id: str, _request: Request) -> Response:
        raise WorkerFailed("worker.py:3: no such key", code=code)

    world = World(fail)
    assert world.visit() == (status, f"error code: {code}".encode())
    event = world.last
    assert (event.outcome, event.error) == ("error", "worker.py:3: no such key")


def test_a_browser_gets_a_page_that_keeps_the_reason_to_itself() -> None:
    async def fail(_world: World, _trace_id: str, _request: Request) -> Response:
        raise WorkerFailed("the secret reason")

    world = World(fail)
    status, body = world.visit((b"Accept", b"text/html,*/*"))
    assert status == 500
    assert b"<html" in body
    assert b"1101" in body
    assert f"{world.last.trace_id}-IAD".encode() in body
    assert b"secret" not in body


def test_a_container_that_cannot_answer_is_an_error_with_its_reason() -> None:
    world = World(pass_on)
    world.containers.error = "the program ended before its port answered"
    world.containers.response = lambda: text_response(500, "Failed to start container: ...")
    assert world.visit()[0] == 500
    event = world.last
    assert (event.outcome, event.instance) == ("error", "")
    assert event.error == "the program ended before its port answered"


def test_an_error_that_the_container_itself_answers_keeps_its_instance() -> None:
    world = World(pass_on)
    world.containers.response = lambda: text_response(502, "no upstream")
    world.visit()
    assert (world.last.outcome, world.last.instance, world.last.error) == ("error", "app-1", "")


def test_a_binding_that_nobody_declares_is_answered_with_its_name() -> None:
    async def wrong(world: World, trace_id: str, request: Request) -> Response:
        return await world.edge.binding_fetch(SubRequest(trace_id, 1, "NOPE"), request)

    world = World(wrong)
    status, body = world.visit()
    assert status == 500
    assert b"NOPE" in body
    assert "NOPE" in world.last.error


def test_calls_at_the_same_time_each_have_their_hops_and_their_number() -> None:
    async def both(world: World, trace_id: str, _request: Request) -> Response:
        calls = [
            world.edge.binding_fetch(SubRequest(trace_id, number, "APP"), Request("GET", "/"))
            for number in (1, 2)
        ]
        for response in await asyncio.gather(*calls):
            await body_of(response)
        return text_response(200, "both")

    world = World(both)
    world.visit()
    event = world.last
    assert event.sub_requests == 2
    assert hop(event, "container", 1).start_ms == hop(event, "container", 2).start_ms
    assert event.outcome == "container"


def test_a_call_after_the_answer_is_served_without_a_trace() -> None:
    world = World(hello)
    world.visit()
    trace_id = world.last.trace_id

    async def late() -> Response:
        return await world.edge.binding_fetch(SubRequest(trace_id, 1, "APP"), Request("GET", "/"))

    assert world.run(late()).status == 200
    assert len(world.requests) == 1


def test_a_fault_inside_the_engine_is_published_and_passed_on() -> None:
    async def fault(_world: World, _trace_id: str, _request: Request) -> Response:
        raise LookupError("an engine's own mistake")

    world = World(fault)
    with pytest.raises(LookupError):
        world.visit()
    assert (world.last.status, world.last.outcome) == (500, "error")
    assert world.last.error == "LookupError: an engine's own mistake"


def test_the_same_seed_gives_the_same_events() -> None:
    first, second = World(pass_on), World(pass_on)
    for world in (first, second):
        world.visit(TOKYO)
        world.visit()
    assert first.events == second.events
    assert first.requests[0].trace_id != first.requests[1].trace_id


def test_every_runtime_is_called_through_its_protocol() -> None:
    world = World(hello)
    world.edge.runtime = ScriptedRuntime(world, pass_on)
    world.visit()
    assert world.last.outcome == "container"


def test_a_streamed_container_answer_holds_its_hop_open_to_the_last_byte() -> None:
    world = World(pass_on)
    world.containers.response = lambda: streamed(b"one", b"two")

    async def main() -> None:
        response = await world.edge.handle(Request("GET", "/"))
        assert response.body is not None
        await response.body.__anext__()
        await asyncio.sleep(2)
        await body_of(response)

    world.run(main())
    assert hop(world.last, "container").duration_ms == pytest.approx(2010, abs=0.01)
    assert world.last.response_bytes == 6
