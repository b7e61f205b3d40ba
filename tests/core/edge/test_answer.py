"""Answers read to the end, broken off, left by their visitors, and tunnels: one event each."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.http.messages import Request, Response
from tests.core.edge.world import World, body_of, chunks, hello, pass_on


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


def test_an_answer_without_a_body_ends_at_once() -> None:
    async def empty(_world: World, _trace_id: str, _request: Request) -> Response:
        return Response(204)

    world = World(empty)
    assert world.visit() == (204, b"")
    assert world.last.status == 204


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
