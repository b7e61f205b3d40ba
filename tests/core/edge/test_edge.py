"""One request through the edge: what its trace and its event say, and what Worker and container see."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest

from core.clock import RealClock
from core.edge.errors import PlatformCode
from core.edge.latency import ScaleRefused
from core.events.types import LatencyChanged
from core.http.messages import Request, Response, find_header, text_response
from core.http.server import serve
from core.worker.runtime import SubRequest, WorkerFailed
from tests.core.edge.world import Script, ScriptedRuntime, World, body_of, chunks, hello, hop_of, pass_on

TOKYO = (b"X-Visitor-City", b"Tokyo")


def test_an_answer_of_the_worker_is_one_request_that_the_edge_answered() -> None:
    world = World(hello)
    assert world.visit(target="/api/me?token=secret") == (200, b"hello")
    event = world.last
    assert (event.outcome, event.status, event.path) == ("edge", 200, "/api/me")
    assert (event.region, event.instance, event.sub_requests) == ("", "", 0)
    assert (event.response_bytes, event.worker_cpu_ms, event.isolate) == (5, 1.25, 1)
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
    way, wait, served = (
        hop_of(event, name, 1) for name in ("edge_to_region", "cold_start_wait", "container")
    )
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


def test_the_latency_scale_can_be_changed_while_running() -> None:
    world = World(pass_on, regions=("us-east",))
    world.visit(TOKYO)
    world.edge.set_latency(0.5)
    world.visit(TOKYO)
    world.edge.set_latency(0.0)
    world.visit(TOKYO)
    whole, half, none = (one.region_rtt_ms for one in world.requests)
    assert half == pytest.approx(whole / 2, abs=0.01)
    assert none == 0
    assert hop_of(world.requests[2], "edge_to_region").duration_ms == 0


def test_a_request_under_way_keeps_its_latency() -> None:
    """The scale changes between the arrival of a request and the call that its Worker makes."""

    async def script(world: World, trace_id: str, request: Request) -> Response:
        world.edge.set_latency(0.0)
        return await pass_on(world, trace_id, request)

    world = World(script, regions=("us-east",))
    world.visit(TOKYO)
    world.visit(TOKYO)
    before, after = (hop_of(one, "edge_to_region").duration_ms for one in world.requests)
    assert before == pytest.approx(160, abs=25)
    assert after == 0


def test_a_latency_that_was_set_is_told_once() -> None:
    world = World(hello)
    said = [world.edge.set_latency(scale) for scale in (0.0, 0.0, 1.0)]
    told = [event for event in world.events if isinstance(event, LatencyChanged)]
    assert [event.latency_scale for event in told] == [0.0, 1.0]
    assert [sentence.split(":")[0] for sentence in said] == [
        "Emulated latency is off",
        "Emulated latency is off",
        "Emulated latency is real",
    ]


def test_a_latency_that_is_refused_changes_nothing() -> None:
    world = World(hello)
    with pytest.raises(ScaleRefused):
        world.edge.set_latency(101.0)
    assert world.edge.latency_scale == 1.0
    assert world.events == []


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


@pytest.mark.parametrize(("code", "status"), [(1101, 500), (1102, 503)])
def test_a_worker_that_fails_gets_the_platform_s_answer(code: PlatformCode, status: int) -> None:
    async def fail(_world: World, _trace_id: str, _request: Request) -> Response:
        raise WorkerFailed("worker.py:3: no such key", code=code)

    world = World(fail)
    assert world.visit() == (status, f"error code: {code}".encode())
    event = world.last
    assert (event.outcome, event.error, event.error_code) == ("error", "worker.py:3: no such key", code)
    assert event.worker_cpu_kind == "estimated"


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


def test_a_visitor_who_leaves_before_the_answer_cancels_the_worker() -> None:
    canceled: list[str] = []

    async def slow(_world: World, trace_id: str, _request: Request) -> Response:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            canceled.append(trace_id)
            raise
        return text_response(200, "late")

    world = World(slow)

    async def main() -> None:
        task = asyncio.ensure_future(world.edge.handle(Request("GET", "/")))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    world.run(main())
    event = world.last
    assert (event.outcome, event.status) == ("canceled", 499)
    assert event.duration_ms == pytest.approx(1000)
    assert event.worker_cpu_kind == "estimated"
    assert canceled == [event.trace_id]
    assert world.edge.in_flight == 0


def test_a_visitor_who_leaves_in_the_middle_of_an_upload_is_no_error_of_the_worker() -> None:
    async def upload() -> AsyncIterator[bytes]:
        yield b"part"
        raise ConnectionResetError("the visitor closed the connection")

    async def reads(_world: World, _trace_id: str, request: Request) -> Response:
        assert request.body is not None
        return text_response(200, str(len([chunk async for chunk in request.body])))

    world = World(reads)

    async def main() -> None:
        with pytest.raises(ConnectionResetError):
            await world.edge.handle(Request("POST", "/", [], upload()))

    world.run(main())
    assert (world.last.outcome, world.last.status, world.last.request_bytes) == ("canceled", 499, 4)


def test_a_worker_that_stops_reading_an_upload_keeps_its_visitor() -> None:
    async def upload() -> AsyncIterator[bytes]:
        yield b"part"
        await asyncio.sleep(60)

    async def reads_a_little(_world: World, _trace_id: str, request: Request) -> Response:
        async def drain() -> None:
            await body_of(Response(200, [], request.body))

        reading = asyncio.ensure_future(drain())
        await asyncio.sleep(1)
        reading.cancel()
        await asyncio.wait([reading])
        return text_response(413, "too much")

    world = World(reads_a_little)

    async def main() -> None:
        response = await world.edge.handle(Request("POST", "/", [], upload()))
        await body_of(response)

    world.run(main())
    assert (world.last.outcome, world.last.status) == ("edge", 413)


@contextlib.asynccontextmanager
async def served(script: Script) -> AsyncIterator[tuple[World, httpx.AsyncClient]]:
    """Serve a world over real HTTP on a free port, in real time and without emulated distance."""
    world = World(script, clock=RealClock(), latency=0.0)
    world.containers.service_s = 0.0
    server = await serve(world.edge.handle)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
            yield world, client
    finally:
        await server.stop()
        await world.edge.close()


async def test_requests_over_real_http_each_end_in_one_event() -> None:
    async with served(pass_on) as (world, client):
        answers = await asyncio.gather(
            *(client.get("/", headers={"X-Visitor-City": "Tokyo"}) for _ in range(20)),
            *(client.head("/") for _ in range(20)),
        )
        events = await world.finished(40)
    assert {one.status_code for one in answers} == {200}
    rays = {one.headers["cf-ray"].partition("-")[0] for one in answers}
    assert rays == {one.trace_id for one in events}
    assert {one.outcome for one in events} == {"container"}
    assert world.edge.in_flight == 0


async def test_a_streamed_upload_comes_back_over_real_http_with_every_byte_counted() -> None:
    async def echo(_world: World, _trace_id: str, request: Request) -> Response:
        return Response(200, [], request.body)

    async def upload() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 65_536

    async with served(echo) as (world, client):
        answer = await client.post("/", content=upload())
        (event,) = await world.finished(1)
    assert len(answer.content) == 64 * 65_536
    assert (event.request_bytes, event.response_bytes) == (64 * 65_536, 64 * 65_536)


async def test_a_visitor_who_hangs_up_over_real_http_is_noted_and_cancels_the_work() -> None:
    arrived, canceled = asyncio.Event(), asyncio.Event()

    async def slow(_world: World, _trace_id: str, _request: Request) -> Response:
        arrived.set()
        try:
            await asyncio.Event().wait()
        finally:
            canceled.set()
        raise AssertionError("nobody set the event")

    async with served(slow) as (world, client):
        asking = asyncio.ensure_future(client.get("/"))
        async with asyncio.timeout(10):
            await arrived.wait()
            asking.cancel()
            await canceled.wait()
        (event,) = await world.finished(1)
        await asyncio.wait([asking])
    assert (event.outcome, event.status) == ("canceled", 499)


def test_what_a_visitor_sends_and_gets_in_secret_is_in_no_event() -> None:
    async def tells(_world: World, _trace_id: str, _request: Request) -> Response:
        response = text_response(500, "")
        response.headers.append((b"set-cookie", b"session=cookie-of-the-answer; Secure"))
        return response

    async def fails(_world: World, _trace_id: str, request: Request) -> Response:
        raise WorkerFailed(f"no user for {request.header(b'authorization')!r} or hunter2")

    world = World(fails, secrets={"API_KEY": "hunter2"})
    world.visit((b"Authorization", b"Bearer abcdefgh"), target="/reset/abcdefgh/hunter2")
    world.runtime.script = tells
    world.visit(target="/session/cookie-of-the-answer")
    first, second = world.requests
    assert first.error == "no user for b'[Authorization]' or [secret API_KEY]"
    assert first.path == "/reset/[Authorization]/[secret API_KEY]"
    assert second.path == "/session/[Set-Cookie]"
