"""The inline runtime: the same answers and errors without I/O, and the same run again byte for byte."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.clock import VirtualClock, run_virtual
from core.events.bus import EventBus
from core.events.codec import encode
from core.events.types import WorkerChanged, WorkerLogged
from core.http.messages import Request, Response, one_chunk
from core.worker.inline import InlineRuntime
from core.worker.runtime import BindingFetch, ContainerSignal, Scheduled, SubRequest, WorkerFailed
from tests.core.worker.conftest import Containers, Recorder, WriteWorker, read, visit


def make(main: Path, bus: EventBus, fetch: BindingFetch, seed: int = 1) -> InlineRuntime:
    return InlineRuntime(
        worker="shop",
        main=main,
        binding_fetch=fetch,
        bus=bus,
        rng=random.Random(seed),
        variables={"GREETING": "hello"},
        bindings={"APP": "App"},
    )


async def test_the_worker_answers_and_reaches_its_container(
    write_worker: WriteWorker, recorder: Recorder, containers: Containers
) -> None:
    main = write_worker(
        """
        answer, other = await asyncio.gather(
            self.env.APP.fetch(request), self.env.APP.fetch("http://app/2", method="POST", body="x")
        )
        return Response(self.env.GREETING + await answer.text() + "|" + await other.text(), 201)
        """
    )
    runtime = make(main, recorder.bus, containers.fetch)
    await runtime.start()
    answer = await runtime.fetch("t1", visit("/1"))
    assert await read(answer) == (201, "hello1 GET /1 |2 POST /2 x")
    assert (await answer.cpu_time()).ms > 0
    assert {call.trace_id for call, _ in containers.calls} == {"t1"}
    await runtime.stop()
    assert recorder.states == ["starting", "ready", "stopped"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise ValueError('secret')", r"worker\.py, line 5: ValueError: secret"),
        ("return 5", "fetch returned a value of type int, not a Response"),
    ],
)
async def test_errors_are_those_of_the_isolate(
    write_worker: WriteWorker, recorder: Recorder, containers: Containers, source: str, message: str
) -> None:
    runtime = make(write_worker(source), recorder.bus, containers.fetch)
    await runtime.start()
    with pytest.raises(WorkerFailed, match=message) as failed:
        await runtime.fetch("t1", visit())
    assert failed.value.code == 1101
    assert [(trace_id, level) for trace_id, level, _ in recorder.logs] == [("t1", "exception")]
    await runtime.stop()


async def test_a_broken_module_is_named_and_can_be_mended(
    write_worker: WriteWorker, recorder: Recorder, containers: Containers
) -> None:
    runtime = make(write_worker("class Default(\n"), recorder.bus, containers.fetch)
    with pytest.raises(WorkerFailed, match=r"worker\.py, line 3: SyntaxError"):
        await runtime.start()
    with pytest.raises(WorkerFailed, match="SyntaxError"):
        await runtime.fetch("t1", visit())
    write_worker("return Response('mended')")
    await runtime.start()
    assert await read(await runtime.fetch("t2", visit())) == (200, "mended")
    await runtime.stop()
    assert recorder.states == ["starting", "failed", "starting", "ready", "stopped"]


async def test_printing_goes_to_the_log_and_not_to_the_engines_output(
    write_worker: WriteWorker,
    recorder: Recorder,
    containers: Containers,
    capsys: pytest.CaptureFixture[str],
) -> None:
    main = write_worker(
        """
        print("at load")
        class Default(WorkerEntrypoint):
            async def fetch(self, request):
                print("one", "two", sep="-")
                async def pieces():
                    print("in the body")
                    yield "x"
                return Response(pieces())
        """
    )
    runtime = make(main, recorder.bus, containers.fetch)
    await runtime.start()
    assert await read(await runtime.fetch("t1", visit())) == (200, "x")
    await runtime.stop()
    assert recorder.logs == [("", "log", "at load"), ("t1", "log", "one-two"), ("t1", "log", "in the body")]
    assert capsys.readouterr().out == ""


async def test_an_unread_response_is_let_go(
    write_worker: WriteWorker, recorder: Recorder, containers: Containers
) -> None:
    closed = asyncio.Event()

    async def close() -> None:
        closed.set()

    async def answer(sub_request: SubRequest, request: Request) -> Response:
        return Response(200, [], one_chunk(b"unread"), close=close)

    containers.answer = answer
    runtime = make(
        write_worker("await self.env.APP.fetch(request)\nreturn Response('mine')"),
        recorder.bus,
        containers.fetch,
    )
    await runtime.start()
    assert await read(await runtime.fetch("t1", visit())) == (200, "mine")
    assert closed.is_set()
    await runtime.stop()


BUSY_WORKER = """
await asyncio.sleep(0.01)
print("visited", request.url)
async def later():
    await asyncio.sleep(1)
    print("later")
self.ctx.wait_until(later())
if request.url.endswith("/7"):
    raise ValueError("unlucky")
return await self.env.APP.fetch(request)
"""


def record_run(main: Path, seed: int) -> bytes:
    """Run 50 visitors on virtual time; return events and figures as bytes."""
    lines: list[bytes] = []
    clock = VirtualClock()

    async def slow_container(sub_request: SubRequest, request: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            await asyncio.sleep(0.02)
            yield request.target.encode()

        await asyncio.sleep(0.05)
        return Response(200, [], pieces())

    async def visitor(runtime: InlineRuntime, number: int) -> None:
        await asyncio.sleep(number / 1000)
        try:
            answer = await runtime.fetch(f"t{number}", visit(f"/{number}"))
            status, body = await read(answer)
            lines.append(f"{clock.now_s():.6f} {status} {body} {(await answer.cpu_time()).ms}".encode())
        except WorkerFailed as failure:
            lines.append(f"{clock.now_s():.6f} {failure.code} {failure.message}".encode())

    async def main_task() -> None:
        bus = EventBus(clock)
        bus.subscribe(lambda event: lines.append(encode(event)))
        runtime = make(main, bus, slow_container, seed)
        await runtime.start()
        await asyncio.gather(*(visitor(runtime, number) for number in range(50)))
        await asyncio.sleep(2)
        await runtime.stop()

    run_virtual(main_task(), clock)
    return b"\n".join(lines)


def test_a_run_with_a_seed_is_the_same_byte_for_byte(write_worker: WriteWorker) -> None:
    main = write_worker(BUSY_WORKER)
    first = record_run(main, seed=1)
    assert first == record_run(main, seed=1)
    assert first != record_run(main, seed=2)
    assert first.count(b'"visited ') == 50
    assert b"1101 worker.py, line" in first
    assert first.count(b'"later"') == 50


def test_emulated_cpu_time_takes_time_of_the_run(write_worker: WriteWorker) -> None:
    clock = VirtualClock()

    async def run() -> tuple[float, float]:
        runtime = make(write_worker("return Response('x')"), EventBus(clock), Containers().fetch)
        await runtime.start()
        before_s = clock.now_s()
        answer = await runtime.fetch("t1", visit())
        return clock.now_s() - before_s, (await answer.cpu_time()).ms

    waited_s, cpu_ms = run_virtual(run(), clock)
    assert waited_s == pytest.approx(cpu_ms / 1000)


async def test_work_that_outlives_the_runtime_is_cancelled(
    write_worker: WriteWorker, recorder: Recorder, containers: Containers
) -> None:
    main = write_worker(
        """
        async def forever():
            try:
                await asyncio.Event().wait()
            finally:
                print("cancelled")
        self.ctx.waitUntil(forever())
        await asyncio.sleep(0)
        return Response("x")
        """
    )
    runtime = make(main, recorder.bus, containers.fetch)
    await runtime.start()
    await read(await runtime.fetch("t1", visit()))
    await asyncio.sleep(0)
    await runtime.stop()
    logged = [event for event in recorder.events if isinstance(event, WorkerLogged)]
    assert [event.message for event in logged] == ["cancelled"]


async def test_reloading_takes_the_new_code_and_broken_code_changes_nothing(
    write_worker: WriteWorker, recorder: Recorder, containers: Containers
) -> None:
    runtime = make(write_worker("return Response('old')"), recorder.bus, containers.fetch)
    await runtime.start()
    write_worker("class Default(")
    with pytest.raises(WorkerFailed, match="SyntaxError"):
        await runtime.reload()
    assert await read(await runtime.fetch("t1", visit())) == (200, "old")
    write_worker("return Response('new')")
    await runtime.reload()
    answer = await runtime.fetch("t2", visit())
    assert await read(answer) == (200, "new")
    changes = [event for event in recorder.events if isinstance(event, WorkerChanged)]
    assert [(event.isolate, event.state) for event in changes] == [
        (1, "starting"),
        (1, "ready"),
        (2, "starting"),
        (2, "failed"),
        (3, "starting"),
        (3, "ready"),
        (1, "draining"),
        (1, "stopped"),
    ]
    assert answer.isolate == 3
    assert (await answer.cpu_time()).kind == "emulated"
    await runtime.stop()


async def test_events_reach_the_worker(
    write_worker: WriteWorker, recorder: Recorder, containers: Containers
) -> None:
    main = write_worker(
        """
        class Default(WorkerEntrypoint):
            async def scheduled(self, controller):
                print("due", controller.cron)
                if controller.cron == "bad":
                    raise ValueError("no")
        """
    )
    runtime = make(main, recorder.bus, containers.fetch)
    await runtime.start()
    assert await runtime.notify("t1", Scheduled("* * * * *", 1))
    assert not await runtime.notify("t2", ContainerSignal("APP", "anna", "stopped"))
    with pytest.raises(WorkerFailed, match="ValueError: no"):
        await runtime.notify("t3", Scheduled("bad", 1))
    assert recorder.logs[0] == ("t1", "log", "due * * * * *")
    await runtime.stop()
