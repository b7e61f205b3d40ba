import asyncio

import pytest

from core.edge.trace import emulated_ms
from core.http.messages import Request, Response, text_response
from core.model.deployment import Container
from core.worker.runtime import SubRequest
from tests.core.edge.world import World, body_of, hop_of, pass_on, streamed

TOKYO = (b"X-Visitor-City", b"Tokyo")


def test_all_times_of_a_simulated_deployment_are_emulated() -> None:
    world = World(pass_on, driver="simulated")
    world.containers.cold_wait_s = 1.0
    world.visit()
    assert hop_of(world.last, "container").kind == "emulated"
    assert hop_of(world.last, "cold_start_wait").kind == "emulated"
    assert hop_of(world.last, "edge").kind == "emulated"
    assert hop_of(world.last, "worker").kind == "emulated"


@pytest.mark.parametrize(
    ("added_s", "expected"),
    [
        (0.0, [(1000.0, "measured")]),
        (0.7, [(300.0, "measured"), (700.0, "emulated")]),
        (1.0, [(1000.0, "emulated")]),
    ],
)
def test_waiting_that_was_added_on_purpose_is_drawn_apart(
    added_s: float, expected: list[tuple[float, str]]
) -> None:
    world = World(pass_on, latency=0.0)
    world.containers.cold_wait_s, world.containers.added_wait_s = 1.0, added_s
    world.visit()
    waits = [hop for hop in world.last.trace if hop.name == "cold_start_wait"]
    assert [(hop.duration_ms, hop.kind) for hop in waits] == expected
    assert world.last.cold_wait_ms == pytest.approx(1000.0)
    assert emulated_ms(world.last.trace) == pytest.approx(added_s * 1000)
    assert hop_of(world.last, "container").start_ms == waits[-1].start_ms + waits[-1].duration_ms


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
    assert hop_of(event, "container", 1).start_ms == hop_of(event, "container", 2).start_ms
    assert event.outcome == "container"


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
    assert hop_of(world.last, "container").duration_ms == pytest.approx(2010, abs=0.01)
    assert world.last.response_bytes == 6


def test_a_visitor_who_leaves_while_a_container_works_leaves_its_hops_in_the_trace() -> None:
    world = World(pass_on)
    world.containers.service_s = 60

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await world.edge.handle(Request("GET", "/"))

    world.run(main())
    assert world.last.outcome == "canceled"
    names = [one.name for one in world.last.trace]
    assert names == ["visitor_to_edge", "edge", "worker", "edge_to_region", "container"]
    assert all(one.start_ms + one.duration_ms <= 5000.001 for one in world.last.trace)


def test_a_container_s_answer_that_the_worker_drops_ends_with_the_request() -> None:
    async def drops(world: World, trace_id: str, request: Request) -> Response:
        await pass_on(world, trace_id, request)
        return text_response(200, "instead")

    world = World(drops)
    world.containers.response = lambda: streamed(b"unread")
    assert world.visit() == (200, b"instead")
    (served,) = [one for one in world.last.trace if one.name == "container"]
    assert served.start_ms + served.duration_ms == pytest.approx(world.last.duration_ms, abs=0.01)
