"""What a supervised Worker does for its visitors."""

import asyncio

import pytest

from core.clock import VirtualClock, run_virtual
from core.http.messages import Request, Response, text_response
from core.worker.runtime import Scheduled, WorkerFailed
from tests.core.worker.supervisor.rig import Isolate, World, supervised


def test_a_request_is_answered_and_its_isolate_named() -> None:
    async def test(world: World) -> None:
        assert await world.get("/a") == (1, "/a from 1")
        assert world.changes() == ["starting", "ready"]
        assert world.change(1, "ready").start_ms == pytest.approx(50)

    supervised(test)


def test_code_that_cannot_be_loaded_fails_every_request_until_it_is_mended() -> None:
    async def main() -> None:
        world = World(clock)
        with pytest.raises(WorkerFailed, match="not started"):
            await world.get()
        world.broken = "worker.js:3: Unexpected token"
        for attempt in (world.runtime.start, world.get, world.runtime.reload, world.get):
            with pytest.raises(WorkerFailed, match=r"worker\.js:3"):
                await attempt()
        world.broken = ""
        await world.runtime.reload()
        assert (await world.get())[0] == 3
        await world.runtime.stop()
        with pytest.raises(WorkerFailed, match="stopped"):
            await world.get()
        assert world.closed
        assert world.changes() == ["starting", "failed", "starting", "failed", "starting", "ready", "stopped"]

    clock = VirtualClock()
    run_virtual(main(), clock)


async def wait_a_second(isolate: Isolate, _: str, request: Request) -> Response:
    await asyncio.sleep(1.0)
    return text_response(200, request.target)


def test_twenty_reloads_under_load_fail_no_request_and_leave_one_isolate() -> None:
    async def visitors(world: World, done: asyncio.Event) -> list[int]:
        seen = []
        while not done.is_set():
            seen.append((await world.get("/a"))[0])
        return seen

    async def slow(isolate: Isolate, _: str, request: Request) -> Response:
        await asyncio.sleep(0.015)
        return text_response(200, "")

    async def test(world: World) -> None:
        world.program = slow
        done = asyncio.Event()
        load = [asyncio.create_task(visitors(world, done)) for _ in range(8)]
        for _ in range(20):
            await world.runtime.reload()
        done.set()
        seen = [number for one in await asyncio.gather(*load) for number in one]
        assert max(seen) >= 20
        assert len(set(seen)) >= 20
        await asyncio.sleep(0.1)
        assert [one.exited.is_set() for one in world.isolates] == [True] * 20 + [False]
        assert world.changes(1) == ["starting", "ready", "draining", "stopped"]
        assert world.change(21, "ready").version == 21

    supervised(test)


def test_a_reload_that_fails_leaves_the_old_serving() -> None:
    async def test(world: World) -> None:
        world.broken = "SyntaxError"
        with pytest.raises(WorkerFailed, match="SyntaxError"):
            await world.runtime.reload()
        assert (await world.get())[0] == 1
        assert world.changes() == ["starting", "ready", "starting", "failed"]

    supervised(test)


def test_reloads_that_come_during_one_become_one() -> None:
    async def test(world: World) -> None:
        await asyncio.gather(*(world.runtime.reload() for _ in range(10)))
        assert len(world.isolates) == 3

    supervised(test)


def test_a_request_under_way_ends_where_it_is_and_new_ones_go_to_the_new_code() -> None:
    async def test(world: World) -> None:
        world.program = wait_a_second
        old = world.begin("/old")
        await asyncio.sleep(0.1)
        await world.runtime.reload()
        new = world.begin("/new")
        assert [(await one)[0] for one in (old, new)] == [1, 2]

    supervised(test)


def test_what_lasts_longer_than_the_drain_is_cut_off_and_said() -> None:
    async def for_ever(isolate: Isolate, _: str, request: Request) -> Response:
        async def body() -> object:
            yield b"first"
            await asyncio.Event().wait()

        return Response(200, [], body())  # type: ignore[arg-type]

    async def test(world: World) -> None:
        world.program = for_ever
        stream = world.begin("/stream")
        await asyncio.sleep(0.1)
        await world.runtime.reload()
        await asyncio.sleep(29)
        assert not world.isolates[0].exited.is_set()
        await asyncio.sleep(2)
        assert world.isolates[0].stopped
        assert "1 requests or sockets were still open after 30 s" in world.change(1, "stopped").message
        stream.cancel()
        await asyncio.gather(stream, return_exceptions=True)

    supervised(test)


def test_no_more_than_a_few_old_isolates_live_on() -> None:
    async def test(world: World) -> None:
        async def never(isolate: Isolate, _: str, request: Request) -> Response:
            await asyncio.Event().wait()
            raise AssertionError

        world.program = never
        waiting = []
        for _ in range(12):
            waiting.append(world.begin("/"))
            await asyncio.sleep(0)
            await world.runtime.reload()
        await asyncio.sleep(0.1)
        assert sum(not one.exited.is_set() for one in world.isolates) <= 9
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    supervised(test)


def test_cancelling_a_request_cancels_the_isolates_work() -> None:
    async def test(world: World) -> None:
        canceled = asyncio.Event()

        async def program(isolate: Isolate, _: str, request: Request) -> Response:
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                canceled.set()
                raise
            raise AssertionError

        world.program = program
        task = world.begin("/")
        await asyncio.sleep(0.1)
        task.cancel()
        await canceled.wait()
        assert world.isolates[0].in_flight == 0

    supervised(test)


def test_an_event_goes_to_the_newest_isolate() -> None:
    async def test(world: World) -> None:
        await world.runtime.reload()
        event = Scheduled("* * * * *", 0)
        assert await world.runtime.notify("cron", event)
        assert [one.notified for one in world.isolates] == [[], [event]]

    supervised(test)


def test_samples_come_each_second_while_busy_and_each_five_seconds_else() -> None:
    async def test(world: World) -> None:
        async def ten_seconds(isolate: Isolate, _: str, request: Request) -> Response:
            await asyncio.sleep(10)
            return text_response(200, "")

        world.program = ten_seconds
        await world.get("/")
        busy = world.samples(1)
        await asyncio.sleep(20)
        idle = world.samples(1)[len(busy) :]
        assert 9 <= len(busy) <= 10
        assert 3 <= len(idle) <= 5
        assert {one.in_flight for one in busy} == {1}
        assert {(one.heap_mib, one.resident_mib, one.memory_limit_mib) for one in idle} == {(10.0, 50.0, 128)}

    supervised(test)


def test_exceptions_of_the_worker_pass_as_they_are() -> None:
    async def test(world: World) -> None:
        async def raises(isolate: Isolate, _: str, request: Request) -> Response:
            raise ValueError("boom")

        world.program = raises
        with pytest.raises(WorkerFailed, match="boom") as caught:
            await world.get("/")
        assert caught.value.code == 1101
        assert world.changes() == ["starting", "ready"]

    supervised(test)
