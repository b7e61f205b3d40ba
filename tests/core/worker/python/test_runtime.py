"""The Python runtime with real isolates: answers, errors, limits, deaths and restarts."""

import asyncio
import json
import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket

import core
from core.events.types import WorkerChanged
from core.http.client import PooledClient
from core.http.errors import BodyLost
from core.http.messages import Request, Response, one_chunk
from core.http.server import serve
from core.worker.python.runtime import PythonRuntime
from core.worker.runtime import SubRequest, WorkerFailed
from tests.core.worker.conftest import Containers, Recorder, WriteWorker, make_runtime, read, visit

WAIT_S = 30
Start = Callable[..., Awaitable[PythonRuntime]]


@pytest.fixture
async def start(
    write_worker: WriteWorker, recorder: Recorder, containers: Containers
) -> AsyncIterator[Start]:
    """Give what writes a Worker and starts its runtime."""
    made: list[PythonRuntime] = []

    async def begin(source: str, *, cpu_limit_ms: float = 30_000) -> PythonRuntime:
        runtime = make_runtime(write_worker(source), recorder, containers, cpu_limit_ms=cpu_limit_ms)
        made.append(runtime)
        await runtime.start()
        return runtime

    yield begin
    for runtime in made:
        await runtime.stop()


async def test_the_worker_answers_with_its_values(start: Start) -> None:
    runtime = await start("return Response.json({'greeting': self.env.GREETING, 'url': request.url})")
    answer = await runtime.fetch("t1", visit("/api/x?q=1"))
    status, body = await read(answer)
    assert (status, json.loads(body)) == (200, {"greeting": "hello", "url": "http://shop.example/api/x?q=1"})
    assert await answer.cpu_ms() > 0


async def test_starting_is_told(start: Start, recorder: Recorder) -> None:
    runtime = await start("return Response('x')")
    assert recorder.states == ["starting", "ready"]
    ready = recorder.events[-1]
    assert isinstance(ready, WorkerChanged)
    assert ready.start_ms > 0
    assert runtime.pid is not None
    assert psutil.Process(runtime.pid).memory_info().rss > 0


async def test_a_call_of_a_binding_carries_trace_and_number_whatever_the_tasks(
    start: Start, containers: Containers
) -> None:
    runtime = await start(
        """
        async def one(number):
            fresh = Request(f"http://app/{number}", headers={"hybrid-tui-trace-id": "forged"})
            return await (await self.env.APP.fetch(fresh)).text()
        first = await one(0)
        task = asyncio.create_task(one(1))
        rest = await asyncio.gather(one(2), one(3))
        return Response("|".join([first, await task, *rest]))
        """
    )
    request = visit()
    request.headers.append((b"Hybrid-Tui-Trace-Id", b"forged"))
    answer = await runtime.fetch("trace-7", request)
    assert (await read(answer))[0] == 200
    assert {call.trace_id for call, _ in containers.calls} == {"trace-7"}
    assert sorted(call.number for call, _ in containers.calls) == [1, 2, 3, 4]
    assert {call.binding for call, _ in containers.calls} == {"APP"}
    for _, passed_on in containers.calls:
        assert not [name for name, _ in passed_on.headers if name.startswith(b"hybrid-tui")]
        assert passed_on.header(b"host") == b"app"


async def test_many_requests_at_once_do_not_mix(start: Start, containers: Containers) -> None:
    runtime = await start("return await self.env.APP.fetch(request)")
    numbers = iter(range(1000))

    async def visitor() -> None:
        for number in numbers:
            answer = await runtime.fetch(f"t{number}", visit(f"/{number}"))
            assert await read(answer) == (200, f"1 GET /{number} ")

    await asyncio.gather(*(visitor() for _ in range(32)))
    assert {call.trace_id for call, _ in containers.calls} == {f"t{number}" for number in range(1000)}


async def test_an_unread_response_passes_as_it_is(start: Start, containers: Containers) -> None:
    async def gzip(sub_request: SubRequest, request: Request) -> Response:
        headers = [
            (b"content-encoding", b"gzip"),
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
            (b"content-length", b"4"),
        ]
        return Response(404, headers, one_chunk(b"\x1f\x8b\x00\xff"))

    containers.answer = gzip
    runtime = await start("return await self.env.APP.fetch(request)")
    answer = await runtime.fetch("t1", visit())
    assert answer.response.status == 404
    assert answer.response.headers == [
        (b"content-encoding", b"gzip"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"content-length", b"4"),
    ]
    assert answer.response.body is not None
    assert [data async for data in answer.response.body] == [b"\x1f\x8b\x00\xff"]


async def test_bodies_stream_both_ways_through_the_worker(start: Start, containers: Containers) -> None:
    async def echo(sub_request: SubRequest, request: Request) -> Response:
        return Response(200, [], request.body)

    containers.answer = echo
    runtime = await start("return await self.env.APP.fetch(request)")
    to_send: asyncio.Queue[bytes] = asyncio.Queue()

    async def spoken() -> AsyncIterator[bytes]:
        while data := await to_send.get():
            yield data

    async with asyncio.timeout(WAIT_S):
        answer = await runtime.fetch("t1", visit(method="POST", body=spoken()))
        assert answer.response.body is not None
        for word in (b"one", b"two"):
            to_send.put_nowait(word)
            assert await anext(answer.response.body) == word
        to_send.put_nowait(b"")
        assert [data async for data in answer.response.body] == []


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
        ("from workers import fetch\nawait fetch('http://x/')", "RuntimeError: .*not made from here"),
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
    assert text.startswith(
        ("TypeError: fetch returned", 'Traceback (most recent call last):\n  File "worker.py"')
    )


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


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("class Default(WorkerEntrypoint)\n    pass", r"^worker\.py, line 3: SyntaxError: expected ':'$"),
        (
            "import missing_thing\nclass Default: pass",
            r"^worker\.py, line 3: ModuleNotFoundError: No module named 'missing_thing'$",
        ),
        ("x = {}['a']\nclass Default: pass", r"^worker\.py, line 3: KeyError: 'a'$"),
        ("# class Default", r"^worker\.py has no class Default with a fetch method"),
        ("class Default(WorkerEntrypoint): pass", r"^worker\.py has no class Default with a fetch method"),
        ("import sys\nsys.exit(1)\nclass Default: pass", r"^worker\.py, line 4: SystemExit: 1$"),
        ("import os\nos._exit(7)\nclass Default: pass", r"^the Worker's process ended with exit code 7$"),
    ],
)
async def test_a_module_that_cannot_be_loaded_names_file_line_and_error(
    write_worker: WriteWorker, recorder: Recorder, containers: Containers, source: str, message: str
) -> None:
    main = write_worker(source)
    runtime = make_runtime(main, recorder, containers)
    with pytest.raises(WorkerFailed, match=message):
        await runtime.start()
    assert recorder.states == ["starting", "failed"]
    assert recorder.logs == []
    with pytest.raises(WorkerFailed, match=message) as failed:
        await runtime.fetch("t1", visit())
    assert failed.value.code == 1101
    write_worker("return Response('mended')")
    await runtime.start()
    assert await read(await runtime.fetch("t2", visit())) == (200, "mended")
    await runtime.stop()
    assert recorder.states == ["starting", "failed", "starting", "ready", "stopped"]


async def test_a_missing_file_is_named(tmp_path: Path, recorder: Recorder, containers: Containers) -> None:
    runtime = make_runtime(tmp_path / "nowhere.py", recorder, containers)
    with pytest.raises(WorkerFailed, match=r"nowhere\.py: no such file in"):
        await runtime.start()
    await runtime.stop()


async def test_starting_again_takes_the_new_code(start: Start, write_worker: WriteWorker) -> None:
    runtime = await start("return Response('old')")
    old_pid = runtime.pid
    write_worker("return Response('new')")
    await runtime.start()
    assert await read(await runtime.fetch("t1", visit())) == (200, "new")
    assert old_pid is not None
    assert not psutil.pid_exists(old_pid)


async def test_code_that_computes_without_a_pause_is_1102_while_the_engine_goes_on(
    start: Start, recorder: Recorder
) -> None:
    runtime = await start(
        """
        if request.url.endswith("/spin"):
            while True: pass
        return Response("fine")
        """,
        cpu_limit_ms=200,
    )
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.005)
            turns += 1

    counting = asyncio.create_task(count())
    with pytest.raises(WorkerFailed, match="more than 200 ms of CPU") as failed:
        await runtime.fetch("t1", visit("/spin"))
    counting.cancel()
    assert failed.value.code == 1102
    assert turns > 3
    assert await read(await runtime.fetch("t2", visit("/"))) == (200, "fine")
    assert recorder.states == ["starting", "ready", "failed", "starting", "ready"]


async def test_code_that_computes_too_long_with_pauses_is_1102_and_the_isolate_lives(
    start: Start, recorder: Recorder
) -> None:
    runtime = await start(
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
        await runtime.fetch("t1", visit("/spin"))
    assert failed.value.code == 1102
    assert await read(await runtime.fetch("t2", visit("/"))) == (200, "fine")
    assert recorder.states == ["starting", "ready"]


async def test_cpu_time_is_of_the_request_alone_and_of_its_tasks(start: Start) -> None:
    runtime = await start(
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
        answer = await runtime.fetch(path, visit(path))
        await read(answer)
        return await answer.cpu_ms()

    busy_ms, idle_ms = await asyncio.gather(cpu_ms("/busy"), cpu_ms("/idle"))
    assert busy_ms >= 60
    assert idle_ms < 60


async def test_an_isolate_that_dies_is_replaced(start: Start, recorder: Recorder) -> None:
    runtime = await start(
        """
        if request.url.endswith("/die"):
            import os
            os.kill(os.getpid(), 11)
        return Response("fine")
        """
    )
    with pytest.raises(WorkerFailed, match="ended by SIGSEGV") as failed:
        await runtime.fetch("t1", visit("/die"))
    assert failed.value.code == 1101
    assert await read(await runtime.fetch("t2", visit("/"))) == (200, "fine")
    assert recorder.states == ["starting", "ready", "failed", "starting", "ready"]


async def test_an_isolate_killed_from_outside_is_replaced(start: Start, recorder: Recorder) -> None:
    runtime = await start("return Response('fine')")
    assert runtime.pid is not None
    os.kill(runtime.pid, signal.SIGKILL)
    await recorder.wait_for(lambda event: isinstance(event, WorkerChanged) and event.state == "failed")
    assert await read(await runtime.fetch("t1", visit())) == (200, "fine")


async def test_cancelling_cancels_the_workers_work_and_its_calls(
    start: Start, containers: Containers, recorder: Recorder
) -> None:
    called, cancelled = asyncio.Event(), asyncio.Event()

    async def hang(sub_request: SubRequest, request: Request) -> Response:
        called.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    containers.answer = hang
    runtime = await start(
        """
        try:
            return await self.env.APP.fetch(request)
        finally:
            print("cleaned up")
        """
    )
    fetch = asyncio.create_task(runtime.fetch("t1", visit()))
    async with asyncio.timeout(WAIT_S):
        await called.wait()
        fetch.cancel()
        await cancelled.wait()
    with pytest.raises(asyncio.CancelledError):
        await fetch
    assert (await recorder.log_line("cleaned up"))[0] == "t1"


async def test_a_response_that_the_worker_does_not_read_is_let_go(
    start: Start, containers: Containers
) -> None:
    ended = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65_536
        finally:
            ended.set()

    async def flood(sub_request: SubRequest, request: Request) -> Response:
        return Response(200, [], endless())

    containers.answer = flood
    runtime = await start("await self.env.APP.fetch(request)\nreturn Response('mine')")
    assert await read(await runtime.fetch("t1", visit())) == (200, "mine")
    async with asyncio.timeout(WAIT_S):
        await ended.wait()


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


async def test_a_websocket_goes_through_the_worker_to_the_container(
    start: Start, containers: Containers
) -> None:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    client = PooledClient()
    numbers = iter(range(100))
    async with asyncio.timeout(WAIT_S), serve_websocket(echo, "127.0.0.1", 0) as upstream:
        address = ("127.0.0.1", upstream.sockets[0].getsockname()[1])
        containers.answer = lambda _, request: client.fetch(address, request)
        runtime = await start("return await self.env.APP.fetch(request)")

        async def edge(request: Request) -> Response:
            return (await runtime.fetch(f"t{next(numbers)}", request)).response

        server = await serve(edge)
        async with connect(f"ws://127.0.0.1:{server.port}/chat") as socket:
            for message in ("hello", b"\x00\xff", "x" * 200_000):
                await socket.send(message)
                assert await socket.recv() == message
        await server.stop()
    await client.close()


async def test_stopping_ends_the_process_and_removes_the_sockets(start: Start, tmp_path: Path) -> None:
    runtime = await start("return Response('x')")
    pid = runtime.pid
    assert pid is not None
    await runtime.stop()
    assert not psutil.pid_exists(pid)
    with pytest.raises(WorkerFailed, match="stopped"):
        await runtime.fetch("t1", visit())


ENGINE = """
import asyncio, sys
from pathlib import Path
from core.clock import RealClock
from core.events.bus import EventBus
from core.http.messages import Request
from core.worker.python.runtime import PythonRuntime

async def no_binding(sub_request, request):
    raise AssertionError

async def main():
    runtime = PythonRuntime(
        worker="shop", main=Path(sys.argv[1]), binding_fetch=no_binding, bus=EventBus(RealClock())
    )
    await runtime.start()
    print(runtime.pid, flush=True)
    await runtime.fetch("t1", Request("GET", "/"))

asyncio.run(main())
"""


async def test_the_isolate_ends_when_its_engine_is_killed_even_in_a_loop(write_worker: WriteWorker) -> None:
    main = write_worker("while True: pass")
    engine = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(ENGINE),
        str(main),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(core.__file__).parent.parent)},
    )
    assert engine.stdout is not None
    async with asyncio.timeout(WAIT_S):
        isolate = psutil.Process(int(await engine.stdout.readline()))
        engine.kill()
        await engine.wait()
        await asyncio.to_thread(_wait_until_gone, isolate)


def _wait_until_gone(process: psutil.Process) -> None:
    """Wait for the end of a process that is not a child; one that nobody collects counts as ended."""
    try:
        process.wait(timeout=10)
    except psutil.TimeoutExpired:
        assert process.status() == psutil.STATUS_ZOMBIE
