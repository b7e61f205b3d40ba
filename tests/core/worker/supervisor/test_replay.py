"""What a request has asked for is given to it again when it is done again, or it fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from core.http.messages import Request, Response, one_chunk, text_response
from core.worker.runtime import WorkerFailed
from tests.core.worker.supervisor.rig import Isolate, Program, World, supervised

Handler = Callable[[Isolate, str, Request], Awaitable[None]]


async def read(response: Response) -> bytes:
    assert response.body is not None
    return b"".join([piece async for piece in response.body])


def twice(first: Handler, second: Handler, slowly_s: float = 0.0) -> Program:
    """Make a program whose isolate dies, by somebody else's fault, after ``first``; then does ``second``."""

    async def program(isolate: Isolate, trace_id: str, request: Request) -> Response:
        if isolate.number == 1:
            await first(isolate, trace_id, request)
            isolate.blame("somebody else")
            await isolate.end_slowly(slowly_s)
        await second(isolate, trace_id, request)
        return text_response(200, "done")

    return program


def run(first: Handler, second: Handler, body: AsyncIterator[bytes] | None = None) -> World:
    """Do a request whose isolate is lost, and return what came of it."""
    worlds: list[World] = []

    async def test(world: World) -> None:
        worlds.append(world)
        world.program = twice(first, second)
        await world.get("/", body=body)

    supervised(test)
    return worlds[0]


async def calls(isolate: Isolate, trace_id: str, _: Request) -> None:
    await isolate.call(trace_id, 1, "/one")


async def calls_and_reads(isolate: Isolate, trace_id: str, _: Request) -> None:
    assert await read(await isolate.call(trace_id, 1, "/one")) == b"container /one"


async def nothing(isolate: Isolate, trace_id: str, _: Request) -> None:
    pass


def test_the_same_call_gets_the_same_response() -> None:
    assert run(calls, calls_and_reads).called == ["/one"]


def test_calls_beyond_the_remembered_ones_are_made() -> None:
    async def and_two(isolate: Isolate, trace_id: str, request: Request) -> None:
        await calls_and_reads(isolate, trace_id, request)
        assert await read(await isolate.call(trace_id, 2, "/two")) == b"container /two"

    assert run(calls, and_two).called == ["/one", "/two"]


def test_a_response_that_nobody_asks_for_again_is_freed() -> None:
    world = run(calls, nothing)
    assert world.called == ["/one"]
    assert world.freed == 1


def test_another_call_than_before_fails_the_request_and_reaches_nobody() -> None:
    worlds: list[World] = []

    async def other(isolate: Isolate, trace_id: str, _: Request) -> None:
        worlds.append(isolate._world)
        await isolate.call(trace_id, 1, "/other")

    with pytest.raises(WorkerFailed, match="call 1 of APP could not be repeated") as caught:
        run(calls, other)
    assert caught.value.code == 1102
    assert worlds[0].called == ["/one"]


def test_a_response_that_was_read_cannot_be_given_again() -> None:
    with pytest.raises(WorkerFailed, match="cannot be repeated") as caught:
        run(calls_and_reads, nothing)
    assert caught.value.code == 1102


def test_a_body_that_was_read_cannot_be_given_again() -> None:
    async def reads(isolate: Isolate, _: str, request: Request) -> None:
        assert request.body is not None
        await anext(aiter(request.body))

    with pytest.raises(WorkerFailed, match="cannot be repeated"):
        run(reads, nothing, one_chunk(b"data"))


def test_a_body_that_was_not_read_goes_to_the_other_isolate() -> None:
    async def reads(isolate: Isolate, _: str, request: Request) -> None:
        assert request.body is not None
        assert [piece async for piece in request.body] == [b"data"]

    run(nothing, reads, one_chunk(b"data"))


@pytest.mark.parametrize(("before_s", "slowly_s"), [(0.0, 0.0), (0.1, 0.0), (0.0, 0.3)])
def test_the_lost_isolate_neither_cancels_nor_closes_what_goes_on(before_s: float, slowly_s: float) -> None:
    """The way of a real link: it is lost, lets go of calls and responses, and then its process ends."""

    async def lets_go(isolate: Isolate, trace_id: str, _: Request) -> None:
        response = await isolate.call(trace_id, 1, "/one")
        pending = asyncio.create_task(isolate.call(trace_id, 2, "/two"))
        await asyncio.sleep(0.01)
        pending.cancel()
        assert response.close is not None
        await response.close()
        await asyncio.sleep(before_s)

    async def both(isolate: Isolate, trace_id: str, request: Request) -> None:
        await calls_and_reads(isolate, trace_id, request)
        assert await read(await isolate.call(trace_id, 2, "/two")) == b"container /two"

    async def test(world: World) -> None:
        async def slow(request: Request) -> Response:
            await asyncio.sleep(0.5)
            return text_response(200, f"container {request.target}")

        world.program = twice(lets_go, both, slowly_s)
        world.container = slow
        await world.get("/")
        assert world.called == ["/one", "/two"]

    supervised(test)


def test_a_call_that_the_worker_gives_up_is_cancelled() -> None:
    async def test(world: World) -> None:
        canceled = asyncio.Event()

        async def slow(_: Request) -> Response:
            try:
                await asyncio.sleep(100)
            finally:
                canceled.set()
            raise AssertionError

        async def gives_up(isolate: Isolate, trace_id: str, _: Request) -> Response:
            pending = asyncio.create_task(isolate.call(trace_id, 1))
            await asyncio.sleep(0.01)
            pending.cancel()
            await canceled.wait()
            return text_response(200, "gave up")

        world.program, world.container = gives_up, slow
        assert await world.get("/") == (1, "gave up")
        assert world.bus.now_s() < 1

    supervised(test)


def test_a_call_that_the_worker_gives_up_is_cancelled_when_it_answers_at_once() -> None:
    async def test(world: World) -> None:
        canceled = asyncio.Event()

        async def slow(_: Request) -> Response:
            try:
                await asyncio.sleep(100)
            finally:
                canceled.set()
            raise AssertionError

        async def gives_up(isolate: Isolate, trace_id: str, _: Request) -> Response:
            pending = asyncio.create_task(isolate.call(trace_id, 1))
            await asyncio.sleep(0.01)
            pending.cancel()
            await asyncio.sleep(0.01)
            return text_response(200, "gave up")

        world.program, world.container = gives_up, slow
        await world.get("/")
        async with asyncio.timeout(1):
            await canceled.wait()

    supervised(test)


def test_a_visitor_who_leaves_cancels_the_calls_under_way() -> None:
    async def test(world: World) -> None:
        canceled = asyncio.Event()

        async def slow(_: Request) -> Response:
            try:
                await asyncio.sleep(100)
            finally:
                canceled.set()
            raise AssertionError

        async def asks(isolate: Isolate, trace_id: str, _: Request) -> Response:
            return await isolate.call(trace_id, 1)

        world.program, world.container = asks, slow
        visitor = world.begin("/")
        await asyncio.sleep(0.1)
        visitor.cancel()
        await canceled.wait()

    supervised(test)


def test_a_failed_call_fails_the_same_way_again() -> None:
    async def fails(isolate: Isolate, trace_id: str, _: Request) -> None:
        with pytest.raises(OSError, match="no way"):
            await isolate.call(trace_id, 1, "/one")

    async def test(world: World) -> None:
        async def broken(_: Request) -> Response:
            raise OSError("no way")

        world.program, world.container = twice(fails, fails), broken
        await world.get("/")
        assert world.called == ["/one"]

    supervised(test)


def test_a_call_whose_own_body_was_lost_with_the_isolate_is_not_given_again() -> None:
    async def posts(isolate: Isolate, trace_id: str, _: Request) -> None:
        pending = asyncio.create_task(isolate.call(trace_id, 1, "/one", body=one_chunk(b"lost")))
        await asyncio.sleep(0.01)
        pending.cancel()

    async def posts_again(isolate: Isolate, trace_id: str, _: Request) -> None:
        await asyncio.sleep(1)
        await isolate.call(trace_id, 1, "/one", body=one_chunk(b"whole"))

    async def test(world: World) -> None:
        async def breaks_later(_: Request) -> Response:
            await asyncio.sleep(0.5)
            raise OSError("the body broke off")

        world.program, world.container = twice(posts, posts_again), breaks_later
        with pytest.raises(WorkerFailed, match="call 1 of APP could not be repeated"):
            await world.get("/")
        assert world.called == ["/one"]

    supervised(test)


def test_calls_after_the_answer_began_are_not_remembered() -> None:
    async def test(world: World) -> None:
        async def streams(isolate: Isolate, trace_id: str, _: Request) -> Response:
            async def body() -> AsyncIterator[bytes]:
                yield await read(await isolate.call(trace_id, 1, "/late"))

            return Response(200, [], body())

        world.program = streams
        assert await world.get("/") == (1, "container /late")
        assert not world.calls._memos

    supervised(test)


def test_a_request_with_very_many_calls_is_not_repeated() -> None:
    async def many(isolate: Isolate, trace_id: str, _: Request) -> None:
        for number in range(1001):
            await isolate.call(trace_id, number + 1)

    with pytest.raises(WorkerFailed, match="cannot be repeated"):
        run(many, nothing)
