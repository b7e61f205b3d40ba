"""Visitors who leave, answers that break, tunnels: each ends in exactly one event."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.http.messages import Request, Response, text_response
from tests.core.edge.world import World, body_of, chunks, hello, pass_on, streamed


class Pipe:
    """A tunnel whose far side is a list of bytes."""

    def __init__(self, *incoming: bytes) -> None:
        self.incoming = list(incoming)
        self.written: list[bytes] = []
        self.closed = 0
        self.ended = False

    async def read(self) -> bytes:
        return self.incoming.pop(0) if self.incoming else b""

    async def write(self, data: bytes) -> None:
        self.written.append(data)

    async def write_eof(self) -> None:
        self.ended = True

    async def close(self) -> None:
        self.closed += 1


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


def test_a_visitor_who_leaves_during_the_answer_is_noted_and_the_container_is_let_go() -> None:
    released: list[str] = []

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 10
                await asyncio.sleep(1)
        finally:
            released.append("body")

    world = World(pass_on)
    world.containers.response = lambda: Response(200, [], endless())

    async def main() -> None:
        response = await world.edge.handle(Request("GET", "/"))
        assert response.body is not None
        assert response.close is not None
        for _ in range(3):
            await response.body.__anext__()
        await response.close()
        await response.close()

    world.run(main())
    event = world.last
    assert (event.outcome, event.status, event.response_bytes) == ("canceled", 499, 30)
    assert event.worker_cpu_ms == 1.25
    assert released == ["body"]


def test_a_reader_cancelled_in_the_middle_is_a_visitor_who_left() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.sleep(60)

    world = World(pass_on)
    world.containers.response = lambda: Response(200, [], endless())

    async def main() -> None:
        response = await world.edge.handle(Request("GET", "/"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await body_of(response)
        await world.edge.close()

    world.run(main())
    assert (world.last.outcome, world.last.response_bytes) == ("canceled", 5)


def test_a_visitor_who_closes_once_all_announced_bytes_have_come_has_not_left() -> None:
    async def lingering() -> AsyncIterator[bytes]:
        yield b"whole"
        await asyncio.sleep(60)

    world = World(pass_on)
    world.containers.response = lambda: Response(200, [(b"content-length", b"5")], lingering())

    async def main() -> None:
        response = await world.edge.handle(Request("GET", "/"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await body_of(response)
        second = await world.edge.handle(Request("GET", "/"))
        assert second.body is not None
        assert second.close is not None
        await second.body.__anext__()
        await second.close()
        await world.edge.close()

    world.run(main())
    assert [(one.outcome, one.status) for one in world.requests] == [("container", 200)] * 2


def test_an_answer_that_breaks_off_is_an_error_with_the_status_that_was_sent() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError("the container is gone")

    world = World(pass_on)
    world.containers.response = lambda: Response(200, [], broken())

    async def main() -> None:
        response = await world.edge.handle(Request("GET", "/"))
        with pytest.raises(ConnectionResetError):
            await body_of(response)
        await world.edge.close()

    world.run(main())
    event = world.last
    assert (event.outcome, event.status, event.response_bytes) == ("error", 200, 4)
    assert event.error == "the container's answer broke off: the container is gone"


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


def test_a_tunnel_is_one_request_that_ends_when_it_closes() -> None:
    pipe = Pipe(b"hello", b"you")
    world = World(pass_on, regions=("us-east",))
    world.containers.response = lambda: Response(101, [(b"upgrade", b"websocket")], None, pipe)

    async def main() -> None:
        response = await world.edge.handle(Request("GET", "/chat"))
        assert response.tunnel is not None
        await response.tunnel.write(b"ping")
        assert await response.tunnel.read() == b"hello"
        await asyncio.sleep(10)
        await response.tunnel.read()
        await response.tunnel.write_eof()
        assert world.requests == []
        await response.tunnel.close()
        await response.tunnel.close()

    world.run(main())
    event = world.last
    assert (event.status, event.outcome) == (101, "container")
    assert (event.request_bytes, event.response_bytes) == (4, 8)
    assert event.duration_ms > 10_000
    assert pipe.written == [b"ping"]
    assert pipe.ended
    (served,) = [one for one in event.trace if one.name == "container"]
    assert served.start_ms + served.duration_ms == pytest.approx(event.duration_ms, abs=0.01)


def test_a_tunnel_that_the_server_never_opens_ends_by_close() -> None:
    pipe = Pipe()
    world = World(pass_on)
    world.containers.response = lambda: Response(101, [], None, pipe)

    async def main() -> None:
        response = await world.edge.handle(Request("GET", "/chat"))
        assert response.close is not None
        await response.close()

    world.run(main())
    assert pipe.closed == 1
    assert len(world.requests) == 1


def test_a_container_s_answer_that_the_worker_drops_ends_with_the_request() -> None:
    async def drops(world: World, trace_id: str, request: Request) -> Response:
        await pass_on(world, trace_id, request)
        return text_response(200, "instead")

    world = World(drops)
    world.containers.response = lambda: streamed(b"unread")
    assert world.visit() == (200, b"instead")
    (served,) = [one for one in world.last.trace if one.name == "container"]
    assert served.start_ms + served.duration_ms == pytest.approx(world.last.duration_ms, abs=0.01)


def test_a_response_whose_own_close_exists_is_freed_through_it() -> None:
    closed: list[str] = []

    async def close() -> None:
        closed.append("freed")

    async def held(_world: World, _trace_id: str, _request: Request) -> Response:
        return Response(200, [], chunks(b"a", b"b"), None, close)

    world = World(held)

    async def main() -> None:
        response = await world.edge.handle(Request("GET", "/"))
        assert response.close is not None
        await response.close()

    world.run(main())
    assert closed == ["freed"]
    assert world.last.outcome == "canceled"
