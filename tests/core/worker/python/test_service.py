"""What happens inside an isolate: logs, uncaught errors, bodies that break, work after the response."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.http.errors import BodyLost
from core.http.messages import Request, Response, one_chunk
from core.worker.isolate import IsolateLost
from core.worker.runtime import Scheduled, SubRequest, WorkerFailed
from tests.core.worker.conftest import Containers, Recorder, Start, read, visit
from tests.core.worker.python.conftest import Launch

WAIT_S = 30


async def test_printing_and_logging_belong_to_their_request(start: Start, recorder: Recorder) -> None:
    runtime = await start(
        """
        import logging, sys
        print("a", 1, end="")
        await asyncio.sleep(0)
        print("b\\nsecond line")
        print("to stderr", file=sys.stderr)
        logging.warning("careful")
        logging.getLogger("x").error("bad")
        print("unfinished", end="")
        return Response("x")
        """
    )
    await read(await runtime.fetch("t1", visit()))
    await recorder.log_line("unfinished")
    assert recorder.logs == [
        ("t1", "log", "a 1b"),
        ("t1", "log", "second line"),
        ("t1", "error", "to stderr"),
        ("t1", "warning", "careful"),
        ("t1", "error", "bad"),
        ("t1", "log", "unfinished"),
    ]


async def test_an_endless_log_is_cut(start: Start, recorder: Recorder) -> None:
    runtime = await start("for _ in range(300): print('x' * 1024)\nreturn Response('x')")
    await read(await runtime.fetch("t1", visit()))
    assert (await recorder.log_line("log limit"))[1] == "warning"
    assert len(recorder.logs) == 257


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise ValueError('secret detail')", "worker.py, line 5: ValueError: secret detail"),
        ("return 'just text'", "fetch returned a value of type str, not a Response"),
        ("pass", "fetch returned nothing, not a Response"),
        ("return Response({'a': 1})", "TypeError: a body is str, bytes .* use Response.json"),
        ("return Response('x', status=1000)", "ValueError: a response's status lies between"),
        (
            "return Response(self.env.GREETNG)",
            "AttributeError: env has no binding GREETNG; did you mean env.GREETING",
        ),
        ("await request.text()\nawait request.text()", "TypeError: the body has been read already"),
        ("await self.env.APP.fetch('/path')", "ValueError: not a whole URL: '/path'"),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
    ],
)
async def test_an_uncaught_error_is_1101_with_its_stack_in_the_log(
    start: Start, recorder: Recorder, source: str, message: str
) -> None:
    runtime = await start(source)
    body = one_chunk(b"x")
    with pytest.raises(WorkerFailed, match=message) as failed:
        await runtime.fetch("t1", visit(method="POST", body=body))
    assert failed.value.code == 1101
    trace_id, level, text = await recorder.log_line("Error" if "Exit" not in message else "Exit")
    assert (trace_id, level) == ("t1", "exception")
    first, _, stack = text.partition("\n")
    assert failed.value.message == first
    if not first.startswith("TypeError: fetch returned"):
        assert stack.startswith('Traceback (most recent call last):\n  File "worker.py"')


async def test_an_error_in_a_streamed_body_breaks_it_off_and_is_logged(
    start: Start, recorder: Recorder
) -> None:
    runtime = await start(
        """
        async def pieces():
            yield "abc"
            raise ValueError("midway")
        return Response(pieces())
        """
    )
    answer = await runtime.fetch("t1", visit())
    assert answer.response.body is not None
    assert await anext(answer.response.body) == b"abc"
    with pytest.raises(BodyLost):
        await anext(answer.response.body)
    trace_id, level, text = await recorder.log_line("midway")
    assert (trace_id, level) == ("t1", "exception")
    assert 'File "worker.py", line 7' in text


async def test_a_failing_engine_is_an_exception_that_the_worker_may_catch(
    start: Start, containers: Containers
) -> None:
    async def fail(sub_request: SubRequest, request: Request) -> Response:
        raise RuntimeError("no such class")

    containers.answer = fail
    runtime = await start(
        """
        try:
            return await self.env.APP.fetch(request)
        except Exception as error:
            return Response(f"caught {error}", 502)
        """
    )
    assert await read(await runtime.fetch("t1", visit())) == (502, "caught RuntimeError: no such class")


async def test_a_response_that_the_worker_does_not_read_is_let_go(
    start: Start, containers: Containers
) -> None:
    read_from, let_go = asyncio.Event(), asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        read_from.set()
        while True:
            yield b"x" * 65_536

    async def close() -> None:
        let_go.set()

    async def flood(sub_request: SubRequest, request: Request) -> Response:
        return Response(200, [], endless(), close=close)

    containers.answer = flood
    runtime = await start("await self.env.APP.fetch(request)\nreturn Response('mine')")
    assert await read(await runtime.fetch("t1", visit())) == (200, "mine")
    async with asyncio.timeout(WAIT_S):
        await let_go.wait()
    assert not read_from.is_set()


async def test_wait_until_goes_on_after_the_response_and_its_errors_are_logged(
    start: Start, recorder: Recorder
) -> None:
    runtime = await start(
        """
        async def later():
            await asyncio.sleep(0.01)
            await self.env.APP.fetch("http://app/later")
            print("done later")
            raise ValueError("too late")
        self.ctx.wait_until(later())
        return Response("now")
        """
    )
    assert await read(await runtime.fetch("t1", visit())) == (200, "now")
    assert (await recorder.log_line("done later"))[0] == "t1"
    assert (await recorder.log_line("too late"))[1] == "exception"


async def test_requests_behind_a_loop_are_given_back_and_not_begun(
    launch: Launch, recorder: Recorder, tmp_path: Path
) -> None:
    isolate = await launch(
        """
        import os
        if request.url.endswith("/busy"):
            print("in the loop")
            while not os.path.exists(os.path.join(os.path.dirname(__file__), "enough")): pass
        else:
            print("begun")
        return Response("x")
        """
    )
    async with asyncio.timeout(WAIT_S):
        busy = asyncio.create_task(isolate.fetch("t1", visit("/busy")))
        await recorder.log_line("in the loop")
        other = asyncio.create_task(isolate.fetch("t2", visit("/other")))
        await asyncio.sleep(0)  # it is sent
        isolate.give_back()
        with pytest.raises(IsolateLost) as lost:
            await other
        assert not lost.value.began
        (tmp_path / "enough").touch()
        assert await read(await busy) == (200, "x")
        await isolate.ping()
    assert [text for _, _, text in recorder.logs] == ["in the loop"]
    assert isolate.in_flight == 0


async def test_a_request_that_came_together_with_a_loop_is_given_back_too(
    launch: Launch, recorder: Recorder, tmp_path: Path
) -> None:
    isolate = await launch(
        """
        import os, time
        if request.url.endswith("/busy"):
            print("in the loop")
            late = time.monotonic() + 0.1  # no isolate is taken for stuck sooner
            while not os.path.exists(os.path.join(os.path.dirname(__file__), "enough")): pass
            while time.monotonic() < late: pass
        else:
            print("begun")
        return Response("x")
        """
    )
    async with asyncio.timeout(WAIT_S):
        busy, *others = [
            asyncio.create_task(isolate.fetch(f"t{number}", visit("/other" if number else "/busy")))
            for number in range(4)
        ]
        await recorder.log_line("in the loop")
        isolate.give_back()
        for other in others:
            with pytest.raises(IsolateLost):
                await other
        (tmp_path / "enough").touch()
        await read(await busy)
        await isolate.ping()
    assert [text for _, _, text in recorder.logs] == ["in the loop"]
    assert isolate.in_flight == 0


async def test_what_goes_on_after_the_answer_is_held_to_the_cpu_limit_too(
    launch: Launch, recorder: Recorder
) -> None:
    isolate = await launch(
        """
        async def later():
            while True:
                sum(range(10_000))
                await asyncio.sleep(0)
        self.ctx.wait_until(later())
        return Response("now")
        """,
        cpu_limit_ms=100,
    )
    assert await read(await isolate.fetch("t1", visit())) == (200, "now")
    line = await recorder.log_line("more CPU time was used than the limit allows")
    assert line[:2] == ("t1", "exception")


async def test_code_that_computes_too_long_with_pauses_is_1102_and_the_isolate_lives(
    launch: Launch, recorder: Recorder
) -> None:
    isolate = await launch(
        """
        try:
            while "spin" in request.url:
                sum(range(10_000))
                await asyncio.sleep(0)
        except Exception:
            pass
        return Response("fine")
        """,
        cpu_limit_ms=100,
    )
    with pytest.raises(WorkerFailed, match="more than 100 ms of CPU") as failed:
        await isolate.fetch("t1", visit("/spin"))
    assert failed.value.code == 1102
    assert await read(await isolate.fetch("t2", visit("/"))) == (200, "fine")


async def test_cpu_time_is_of_the_request_alone_and_of_its_tasks(launch: Launch) -> None:
    isolate = await launch(
        """
        import time
        def work(seconds):
            end = time.thread_time() + seconds
            while time.thread_time() < end: pass
        async def child():
            await asyncio.sleep(0)
            work(0.03)
        if request.url.endswith("/busy"):
            await asyncio.gather(child(), child())
        else:
            await asyncio.sleep(0.05)
        return Response("x")
        """
    )

    async def cpu_ms(path: str) -> float:
        answer = await isolate.fetch(path, visit(path))
        await read(answer)
        cpu_time = await answer.cpu_time()
        assert cpu_time.kind == "measured"
        return cpu_time.ms

    busy_ms, idle_ms = await asyncio.gather(cpu_ms("/busy"), cpu_ms("/idle"))
    assert busy_ms >= 60
    assert idle_ms < 60


async def test_memory_that_the_worker_keeps_is_told(launch: Launch) -> None:
    isolate = await launch("global kept\nkept = bytearray(b'x' * (64 << 20))\nreturn Response('x')")
    await isolate.ping()
    assert isolate.heap_mib < 32
    await read(await isolate.fetch("t1", visit()))
    await isolate.ping()
    assert isolate.heap_mib >= 60


async def test_a_cron_trigger_calls_scheduled(launch: Launch, recorder: Recorder) -> None:
    isolate = await launch(
        """
        class Default(WorkerEntrypoint):
            async def scheduled(self, controller, env, ctx):
                response = await self.env.APP.fetch("http://app/tick")
                print(controller.cron, controller.scheduled_time, controller.scheduledTime, response.status)
                if controller.cron == "bad":
                    raise ValueError("no")
        """
    )
    assert await isolate.notify("t1", Scheduled("* * * * *", 1_700_000_000_000))
    assert (await recorder.log_line("1700"))[2] == "* * * * * 1700000000000 1700000000000 200"
    with pytest.raises(WorkerFailed, match="ValueError: no"):
        await isolate.notify("t2", Scheduled("bad", 1))
    with pytest.raises(WorkerFailed, match="no fetch method"):
        await isolate.fetch("t3", visit())


async def test_a_worker_without_scheduled_says_so(launch: Launch) -> None:
    isolate = await launch("return Response('x')")
    assert not await isolate.notify("t1", Scheduled("* * * * *", 1))
