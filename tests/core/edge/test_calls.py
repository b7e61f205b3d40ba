"""What a Worker calls: bindings, named instances, operations, the outside; each with its hop, or refused."""

import json
from collections.abc import Awaitable, Callable

import pytest

from core.clock import RealClock
from core.http.messages import Request, Response, one_chunk, text_response
from core.http.server import serve
from core.model.worker import Limits, Worker
from core.worker.runtime import CallRefused, SubRequest
from tests.core.edge.world import Script, World, body_of, hop_of, pass_on

TOKYO = (b"X-Visitor-City", b"Tokyo")
Call = Callable[[World, str], Awaitable[Response]]


def calling(*calls: SubRequest, body: bytes = b"") -> Script:
    """Return a Worker that makes calls one after the other, and answers with the last one's answer."""

    async def script(world: World, trace_id: str, _request: Request) -> Response:
        response = text_response(200, "no call")
        for one in calls:
            sub = SubRequest(trace_id, one.number, one.binding, one.instance, one.port, one.operation)
            response = await world.edge.binding_fetch(sub, Request("POST", "/", [], one_chunk(body)))
        return response

    return script


def refused(world: World) -> str:
    """Make a visit whose Worker is refused a call; return with which words."""
    with pytest.raises(CallRefused) as caught:
        world.visit()
    return str(caught.value)


def test_a_binding_that_nobody_declares_is_an_exception_of_the_worker() -> None:
    assert "no binding NOPE" in refused(World(calling(SubRequest("", 1, "NOPE"))))


def test_a_named_instance_is_asked_by_its_name_and_port() -> None:
    world = World(calling(SubRequest("", 1, "APP", "anna", 9000)))
    world.visit()
    assert world.containers.asked == [("anna", 9000)]
    assert world.last.instance == "app-anna"


def test_a_named_instance_is_reached_in_the_region_where_it_lives() -> None:
    world = World(calling(SubRequest("", 1, "APP", "anna")))
    world.containers.places["anna"] = "us-east"
    world.visit(TOKYO)
    assert [region for _, region, _ in world.containers.seen] == ["us-east"]
    assert world.last.region == "us-east"
    assert world.last.region_rtt_ms == pytest.approx(160, abs=25)


def test_a_named_instance_that_lives_nowhere_starts_in_the_nearest_region() -> None:
    world = World(calling(SubRequest("", 1, "APP", "anna")))
    world.visit(TOKYO)
    assert world.last.region == "ap-northeast"


def test_an_operation_has_its_options_and_a_hop_that_names_it_and_travels_nowhere() -> None:
    options = {"wait": True}
    world = World(calling(SubRequest("", 1, "APP", "anna", None, "start"), body=json.dumps(options).encode()))
    world.containers.cold_wait_s = 1.0
    world.visit(TOKYO)
    assert world.containers.operations == [("ap-northeast", "anna", "start", options)]
    event = world.last
    assert hop_of(event, "container").detail == "start app-anna"
    assert hop_of(event, "cold_start_wait").duration_ms == pytest.approx(1000)
    assert event.cold_wait_ms == pytest.approx(1000)
    assert (event.sub_requests, event.outcome) == (0, "edge")
    assert "edge_to_region" not in [hop.name for hop in event.trace]


@pytest.mark.parametrize("operation", ["state", "sleep_after", "renew"])
def test_an_operation_that_does_nothing_with_the_instance_draws_no_hop(operation: str) -> None:
    world = World(calling(SubRequest("", 1, "APP", "anna", None, operation)))
    world.visit()
    assert [hop.name for hop in world.last.trace] == ["visitor_to_edge", "edge", "worker"]


def test_an_operation_that_fails_is_in_the_request_s_error() -> None:
    world = World(calling(SubRequest("", 1, "APP", "anna", None, "start")))
    world.containers.error = "the program ended before its port answered"
    world.visit()
    assert world.last.error == "the program ended before its port answered"


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b"x" * 1_000_001])
def test_options_that_cannot_be_read_are_refused(body: bytes) -> None:
    world = World(calling(SubRequest("", 1, "APP", "anna", None, "start"), body=body))
    assert "options" in refused(world)


def limited(sub_requests: int) -> Worker:
    return Worker(main="worker.py", limits=Limits(sub_requests=sub_requests))


def test_sub_requests_past_the_limit_are_refused_and_operations_are_none() -> None:
    calls = [
        SubRequest("", 1, "APP"),
        SubRequest("", 2, "APP", "anna", None, "renew"),
        SubRequest("", 3, "APP"),
    ]
    world = World(calling(*calls), worker=limited(2))
    world.visit()
    assert world.last.sub_requests == 2
    assert "Too many subrequests" in refused(World(calling(*calls, SubRequest("", 4, "")), worker=limited(2)))


async def test_a_fetch_to_the_outside_is_a_sub_request_with_a_hop_of_its_own() -> None:
    async def far(_request: Request) -> Response:
        return text_response(200, "far")

    server = await serve(far)
    place = f"127.0.0.1:{server.port}"

    async def script(world: World, trace_id: str, _request: Request) -> Response:
        return await world.edge.binding_fetch(SubRequest(trace_id, 1, ""), Request("GET", f"http://{place}/"))

    world = World(script, clock=RealClock(), worker=Worker(main="worker.py", outbound=(place,)))
    response = await world.edge.handle(Request("GET", "/"))
    assert await body_of(response) == b"far"
    await world.edge.close()
    await server.stop()
    event = world.last
    hop = hop_of(event, "outbound", 1)
    assert (hop.detail, hop.kind, event.sub_requests, event.outcome) == (place, "measured", 1, "edge")


def test_a_simulated_deployment_has_no_outside() -> None:
    async def script(world: World, trace_id: str, _request: Request) -> Response:
        return await world.edge.binding_fetch(
            SubRequest(trace_id, 1, ""), Request("GET", "https://a.example/")
        )

    world = World(script, driver="simulated")
    assert "has no outside" in refused(world)
    assert hop_of(world.last, "outbound").detail == "a.example"


def test_a_call_of_the_pool_names_no_instance() -> None:
    world = World(pass_on)
    world.visit()
    assert world.containers.asked == [("", None)]
