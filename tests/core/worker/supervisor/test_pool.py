"""Isolates that hang, end or take too much: who notices, who is to blame, and who goes on."""

import asyncio
from itertools import pairwise

import pytest

from core.http.messages import Request, Response, text_response
from core.worker.runtime import Scheduled, WorkerFailed
from tests.core.worker.supervisor.rig import Isolate, World, supervised

MIB_PER_STEP = 5.0


async def program(isolate: Isolate, trace_id: str, request: Request) -> Response:
    """Loop, end, hog memory or wait, as the path says."""
    if request.target == "/loop":
        isolate.get_stuck(trace_id)
        await asyncio.Event().wait()
    elif request.target == "/exit":
        isolate.end()
    elif request.target == "/heap":
        isolate.out_of_memory = True
        isolate.end()
    elif request.target == "/hog":
        while True:
            isolate.memory_mib += MIB_PER_STEP
            isolate.heap_mib += MIB_PER_STEP
            await asyncio.sleep(0.001)
    elif request.target == "/wait":
        await asyncio.sleep(1.0)
    elif request.target.startswith("/call"):
        response = await isolate.call(trace_id, 1, request.target)
        assert response.body is not None
        return response
    return text_response(200, f"{request.target} from {isolate.number}")


async def looping(world: World) -> "asyncio.Task[tuple[int, str]]":
    """Let a request loop, and return once its isolate is in it."""
    world.program = program
    task = world.begin("/loop", "looper")
    await asyncio.sleep(0.01)
    return task


def test_a_stuck_isolate_holds_up_nobody_but_its_own_request() -> None:
    async def test(world: World) -> None:
        stuck = await looping(world)
        others = await asyncio.gather(*(world.get("/a") for _ in range(10)))
        assert {number for number, _ in others} == {2}
        assert world.bus.now_s() < 0.4
        assert "request looper holds up" in world.change(1, "stalled").message
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)

    supervised(test)


def test_an_isolate_that_answers_again_takes_requests_again() -> None:
    async def test(world: World) -> None:
        stuck = await looping(world)
        await world.get("/a")
        assert world.changes(1) == ["starting", "ready", "stalled"]
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)
        world.isolates[0].come_free()
        await asyncio.sleep(0.1)
        assert world.changes(1) == ["starting", "ready", "stalled", "ready"]
        assert (await world.get("/a"))[0] == 1

    supervised(test)


def test_an_extra_isolate_with_nothing_to_do_stops() -> None:
    async def test(world: World) -> None:
        stuck = await looping(world)
        await world.get("/a")
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)
        world.isolates[0].come_free()
        await asyncio.sleep(15)
        assert [one.exited.is_set() for one in world.isolates].count(False) == 1
        await world.get("/a")

    supervised(test)


def test_a_loop_ends_at_the_limit_and_only_its_own_request_fails() -> None:
    async def test(world: World) -> None:
        stuck = await looping(world)
        await world.get("/a")
        with pytest.raises(WorkerFailed, match="used more than 2,000 ms of CPU time") as caught:
            await stuck
        assert caught.value.code == 1102
        assert 2.0 < world.bus.now_s() < 2.3
        assert world.changes(1) == ["starting", "ready", "stalled", "failed"]
        assert "(request looper)" in world.change(1, "failed").message
        assert (await world.get("/a"))[0] == 2

    supervised(test, cpu_limit_ms=2000)


def test_when_all_isolates_are_stuck_requests_wait_for_the_next() -> None:
    async def test(world: World) -> None:
        world.program = program
        loops = []
        for number in range(2):
            loops.append(world.begin("/loop", f"loop {number}"))
            await asyncio.sleep(0.3)
        assert (await world.get("/a"))[0] == 3
        assert world.bus.now_s() > 2.0
        for one in loops:
            with pytest.raises(WorkerFailed, match="CPU time"):
                await one

    supervised(test, cpu_limit_ms=2000, max_isolates=2)


def test_begun_requests_go_on_elsewhere_and_reach_no_container_twice() -> None:
    async def test(world: World) -> None:
        world.program = program
        release = asyncio.Event()

        async def container(request: Request) -> Response:
            await release.wait()
            return text_response(200, f"container {request.target}")

        world.container = container
        pending = [world.begin(f"/call{number}") for number in range(5)]
        await asyncio.sleep(0.01)
        stuck = await looping(world)
        with pytest.raises(WorkerFailed, match="CPU time"):
            await stuck
        await asyncio.sleep(0.5)
        release.set()
        answers = await asyncio.gather(*pending)
        assert sorted(answers) == [(2, f"container /call{number}") for number in range(5)]
        assert sorted(world.called) == [f"/call{number}" for number in range(5)]

    supervised(test, cpu_limit_ms=1000)


def test_a_hog_is_ended_soon_and_only_its_own_request_fails() -> None:
    async def test(world: World) -> None:
        world.program = program
        release = asyncio.Event()

        async def container(request: Request) -> Response:
            await release.wait()
            return text_response(200, f"container {request.target}")

        world.container = container
        waiting = world.begin("/call")
        await asyncio.sleep(0.2)
        with pytest.raises(WorkerFailed, match="used more than 128 MiB of memory") as caught:
            await world.get("/hog", "hog")
        assert "request hog" in world.change(1, "failed").message
        assert (await world.get("/a"))[0] == 2
        assert caught.value.code == 1102
        assert world.isolates[0].memory_mib < 2.5 * 128
        release.set()
        assert await waiting == (2, "container /call")

    supervised(test)


def test_a_hog_among_requests_that_take_turns_fails_once_it_was_there_each_time() -> None:
    async def test(world: World) -> None:
        async def first_slow_then_quick(isolate: Isolate, trace_id: str, request: Request) -> Response:
            if request.target == "/nap":
                await asyncio.sleep(1.0 if isolate.number == 1 else 0.001)
            return await program(isolate, trace_id, request)

        world.program = first_slow_then_quick
        napping = world.begin("/nap")
        await asyncio.sleep(0.2)
        with pytest.raises(WorkerFailed, match="used more than 128 MiB of memory") as caught:
            await world.get("/hog", "hog")
        assert caught.value.code == 1102
        assert "request" not in world.change(1, "failed").message
        assert await napping == (2, "/nap from 2")
        assert "request hog" in world.change(2, "failed").message
        assert (await world.get("/a"))[0] == 3

    supervised(test)


def test_a_hog_is_ended_soon_after_a_long_rest_too() -> None:
    async def test(world: World) -> None:
        world.program = program
        await asyncio.sleep(3.3)
        with pytest.raises(WorkerFailed, match="MiB of memory"):
            await world.get("/hog")
        assert world.isolates[0].memory_mib < 2.5 * 128

    supervised(test)


def test_what_an_old_isolate_has_not_begun_goes_to_the_new_code_when_it_is_stuck() -> None:
    async def test(world: World) -> None:
        stuck = await looping(world)
        waiting = world.begin("/a")
        await world.runtime.reload()
        assert world.changes(1) == ["starting", "ready", "draining"]
        assert await waiting == (2, "/a from 2")
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)

    supervised(test)


def test_the_isolate_with_the_fewest_requests_gets_the_next() -> None:
    async def test(world: World) -> None:
        stuck = await looping(world)
        await world.get("/a")
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)
        world.isolates[0].come_free()
        await asyncio.sleep(0.1)
        waiting = []
        for _ in range(6):
            waiting.append(world.begin("/wait"))
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        assert [one.in_flight for one in world.isolates] == [3, 3]
        await asyncio.gather(*waiting)

    supervised(test)


def test_a_stuck_isolate_is_waited_for_where_no_other_can_be_started() -> None:
    async def test(world: World) -> None:
        stuck = await looping(world)
        world.broken = "SyntaxError"
        waiting = world.begin("/a")
        await asyncio.sleep(1)
        assert "failed" in world.changes(2)
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)
        world.isolates[0].come_free()
        assert (await waiting)[0] == 1

    supervised(test)


def test_an_isolate_started_for_old_code_does_not_serve_once_there_is_newer() -> None:
    async def test(world: World) -> None:
        world.launch_s = 1.0
        stuck = await looping(world)
        await asyncio.sleep(0.3)
        world.launch_s = 0.05
        await world.runtime.reload()
        await asyncio.sleep(1.5)
        assert world.changes(2) == ["starting", "ready", "stopped"]
        assert (await world.get("/a"))[0] == 3
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)

    supervised(test)


def test_an_isolate_whose_link_is_gone_gets_no_more_requests_while_it_ends() -> None:
    async def test(world: World) -> None:
        ending = asyncio.create_task(world.isolates[0].end_slowly(0.3))
        await asyncio.sleep(0.01)
        assert (await world.get("/a"))[0] == 2
        await ending

    supervised(test)


def test_an_isolate_that_lost_requests_but_answers_serves_on() -> None:
    async def test(world: World) -> None:
        world.program = program
        waiting = world.begin("/wait")
        await asyncio.sleep(0.5)
        world.isolates[0].lose_link_for_a_moment()
        assert await waiting == (1, "/wait from 1")
        assert world.changes() == ["starting", "ready"]

    supervised(test)


def test_memory_that_is_only_the_allocators_is_left_to_it() -> None:
    async def test(world: World) -> None:
        world.program = program
        world.isolates[0].memory_mib, world.isolates[0].heap_mib = 200.0, 90.0
        await world.get("/wait")
        assert world.changes() == ["starting", "ready"]
        world.isolates[0].memory_mib = 260.0
        with pytest.raises(WorkerFailed, match="MiB of memory"):
            await world.get("/wait")

    supervised(test)


def test_the_languages_own_heap_limit_counts_as_the_memory_limit() -> None:
    async def test(world: World) -> None:
        world.program = program
        with pytest.raises(WorkerFailed, match="ran out of memory") as caught:
            await world.get("/heap")
        assert caught.value.code == 1102
        assert (await world.get("/a"))[0] == 2

    supervised(test)


def test_an_isolate_that_ends_is_replaced_at_once() -> None:
    async def test(world: World) -> None:
        world.program = program
        waiting = world.begin("/wait", "innocent")
        await asyncio.sleep(0.5)
        with pytest.raises(WorkerFailed, match="exit code 1") as caught:
            await world.get("/exit")
        assert caught.value.code == 1101
        assert await waiting == (2, "/wait from 2")
        ended_s = world.change(1, "failed").time_s
        assert world.change(2, "ready").time_s - ended_s == pytest.approx(world.launch_s, abs=0.001)

    supervised(test)


def test_an_isolate_that_ends_again_and_again_is_started_ever_more_slowly() -> None:
    async def test(world: World) -> None:
        world.program = program
        for number in range(5):
            with pytest.raises(WorkerFailed):
                await world.get("/exit")
            assert len(world.isolates) == number + 1
        began = [one.time_s for one in world.events if getattr(one, "state", "") == "starting"]
        waits = [round(then - before - world.launch_s, 2) for before, then in pairwise(began[1:])]
        assert waits == sorted(waits)
        assert waits[-1] >= 0.3

    supervised(test)


def test_a_request_whose_isolate_is_not_named_is_not_repeated_for_ever() -> None:
    async def test(world: World) -> None:
        async def ends(isolate: Isolate, trace_id: str, request: Request) -> Response:
            isolate.blame("somebody else")
            isolate.end()
            raise AssertionError

        world.program = ends
        with pytest.raises(WorkerFailed, match="hit by the end of an isolate") as caught:
            await world.get("/")
        assert caught.value.code == 1102
        assert len(world.isolates) <= 4

    supervised(test)


def test_an_event_that_had_begun_is_not_repeated() -> None:
    async def test(world: World) -> None:
        async def ends(isolate: Isolate) -> None:
            from core.worker.isolate import IsolateLost

            isolate.end()
            raise IsolateLost("it ended", began=True)

        world.program_of_events = ends
        with pytest.raises(WorkerFailed, match="exit code 1"):
            await world.runtime.notify("cron", Scheduled("* * * * *", 0))
        assert len(world.isolates[0].notified) == 1

    supervised(test)


def test_a_pause_of_the_engine_makes_no_isolate_a_stuck_one() -> None:
    async def test(world: World) -> None:
        world.program = program
        waiting = world.begin("/wait")
        for _ in range(5):
            await asyncio.sleep(0.07)
            world.isolates[0].use_cpu(5.0)
            world.clock.advance(5.0)
        await waiting
        assert world.changes() == ["starting", "ready"]

    supervised(test)


def test_code_that_cannot_be_loaded_any_more_is_tried_again() -> None:
    async def test(world: World) -> None:
        world.program = program
        world.broken = "SyntaxError"
        world.isolates[0].end()
        with pytest.raises(WorkerFailed, match="SyntaxError"):
            await world.get("/a")
        world.broken = ""
        await asyncio.sleep(6)
        assert await world.get("/a")

    supervised(test)
