"""Python isolates in processes of their own: what only they do, beside what every runtime's suite asks."""

import asyncio
import json
import os
import sys
import tempfile
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket

import core
from core.http.client import PooledClient
from core.http.errors import BodyLost
from core.http.messages import Request, Response, one_chunk
from core.http.server import serve
from core.worker.isolate import Isolate, IsolateLost
from core.worker.python.launcher import PythonLauncher
from core.worker.runtime import Scheduled, SubRequest, WorkerFailed
from tests.core.worker.conftest import Containers, Recorder, WriteWorker, read, visit

WAIT_S = 30

Launch = Callable[..., Awaitable[Isolate]]


@pytest.fixture
async def launch(
    write_worker: WriteWorker, recorder: Recorder, containers: Containers
) -> AsyncIterator[Launch]:
    """Give what writes a Worker and starts one isolate of it."""
    made: list[tuple[PythonLauncher, Isolate]] = []

    async def begin(source: str, *, cpu_limit_ms: float = 30_000, sub_request_limit: int = 50) -> Isolate:
        launcher = PythonLauncher(
            main=write_worker(source),
            binding_fetch=containers.fetch,
            on_log=recorder.log,
            variables={"GREETING": "hello", "NUMBERS": [1, 2]},
            bindings={"APP": "App"},
            cpu_limit_ms=cpu_limit_ms,
            sub_request_limit=sub_request_limit,
        )
        try:
            isolate = await launcher.launch(1)
        except BaseException:
            await launcher.close()
            raise
        made.append((launcher, isolate))
        return isolate

    yield begin
    for launcher, isolate in made:
        await isolate.stop()
        await launcher.close()


async def test_the_worker_answers_with_its_values(launch: Launch) -> None:
    isolate = await launch(
        "return Response.json([self.env.GREETING, self.env.NUMBERS, request.url, request.method])"
    )
    answer = await isolate.fetch("t1", visit("/api/x?q=1"))
    status, body = await read(answer)
    assert (status, json.loads(body)) == (200, ["hello", [1, 2], "http://shop.example/api/x?q=1", "GET"])
    cpu_time = await answer.cpu_time()
    assert (cpu_time.ms > 0, cpu_time.kind) == (True, "measured")


async def test_a_process_stands_by_for_the_next_isolate(launch: Launch, write_worker: WriteWorker) -> None:
    first = await launch("return Response('old')")
    await read(await first.fetch("t1", visit()))
    launcher = PythonLauncher(
        main=write_worker("return Response('1')"), binding_fetch=Containers().fetch, on_log=lambda *_: None
    )
    one = await launcher.launch(1)
    assert launcher._standing_by is not None
    waiting = await launcher._standing_by
    write_worker("return Response('2')")
    two = await launcher.launch(2)
    assert waiting is not None
    assert two.pid == waiting.pid
    assert await read(await two.fetch("t1", visit())) == (200, "2")
    assert await read(await one.fetch("t1", visit())) == (200, "1")
    for isolate in (one, two):
        await isolate.stop()
    assert launcher._standing_by is not None
    left = await launcher._standing_by
    await launcher.close()
    assert left is not None
    assert not psutil.pid_exists(left.pid)


async def test_a_process_that_stood_by_and_died_is_not_used(write_worker: WriteWorker) -> None:
    launcher = PythonLauncher(
        main=write_worker("return Response('x')"), binding_fetch=Containers().fetch, on_log=lambda *_: None
    )
    one = await launcher.launch(1)
    assert launcher._standing_by is not None
    waiting = await launcher._standing_by
    assert waiting is not None
    waiting.kill("by the test")
    await waiting.exited.wait()
    two = await launcher.launch(2)
    assert await read(await two.fetch("t1", visit())) == (200, "x")
    for isolate in (one, two):
        await isolate.stop()
    await launcher.close()


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
    launch: Launch, source: str, message: str
) -> None:
    with pytest.raises(WorkerFailed, match=message) as failed:
        await launch(source)
    assert failed.value.code == 1101


async def test_a_missing_file_is_named(tmp_path: Path, containers: Containers) -> None:
    launcher = PythonLauncher(
        main=tmp_path / "nowhere.py", binding_fetch=containers.fetch, on_log=lambda *_: None
    )
    with pytest.raises(WorkerFailed, match=r"nowhere\.py: no such file in"):
        await launcher.launch(1)
    await launcher.close()


async def test_what_is_printed_at_load_and_past_python_is_logged(launch: Launch, recorder: Recorder) -> None:
    await launch(
        """
        import os, threading
        print("at load")
        thread = threading.Thread(target=print, args=("from a thread",))
        thread.start()
        thread.join()
        os.write(1, b"raw\\n")
        os.write(2, b"raw error\\n")
        class Default(WorkerEntrypoint):
            async def fetch(self, request): ...
        """
    )
    assert await recorder.log_line("at load") == ("", "log", "at load")
    assert await recorder.log_line("from a thread") == ("", "log", "from a thread")
    await recorder.log_line("raw error")


async def test_what_was_printed_before_a_loop_is_told_while_it_runs(
    launch: Launch, recorder: Recorder
) -> None:
    isolate = await launch("print('before')\nwhile True: pass")
    asking = asyncio.create_task(isolate.fetch("t1", visit()))
    assert await recorder.log_line("before") == ("t1", "log", "before")
    assert isolate.running() == "t1"
    isolate.kill("the test has seen enough")
    with pytest.raises(IsolateLost, match="the test has seen enough") as lost:
        await asking
    assert lost.value.began


async def test_requests_behind_a_loop_are_given_back_and_not_begun(
    launch: Launch, containers: Containers, recorder: Recorder, tmp_path: Path
) -> None:
    isolate = await launch(
        """
        import os
        if request.url.endswith("/busy"):
            print("in the loop")
            while not os.path.exists(os.path.join(os.path.dirname(__file__), "enough")): pass
        else:
            await self.env.APP.fetch("http://app/other")
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
    assert containers.calls == []
    assert isolate.in_flight == 0


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


async def test_sub_requests_past_the_limit_are_refused(launch: Launch, containers: Containers) -> None:
    isolate = await launch(
        """
        try:
            while True:
                await self.env.APP.fetch("http://app/")
        except Exception as error:
            return Response(str(error))
        """,
        sub_request_limit=3,
    )
    _, text = await read(await isolate.fetch("t1", visit()))
    assert text.startswith("Too many subrequests by single Worker invocation")
    assert len(containers.calls) == 3


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


async def test_the_cpu_time_of_a_request_that_its_isolate_died_of_is_unknown_and_not_zero(
    launch: Launch,
) -> None:
    isolate = await launch(
        """
        async def body():
            yield "first"
            import os
            os._exit(3)
        return Response(body())
        """
    )
    answer = await isolate.fetch("t1", visit())
    assert answer.response.status == 200
    with pytest.raises(BodyLost):
        await read(answer)
    with pytest.raises(WorkerFailed):
        await answer.cpu_time()
    assert isolate.how_it_ended() == "the Worker's process ended with exit code 3"


async def test_memory_that_the_worker_keeps_is_told(launch: Launch) -> None:
    isolate = await launch("global kept\nkept = bytearray(b'x' * (64 << 20))\nreturn Response('x')")
    await isolate.ping()
    assert isolate.heap_mib < 32
    await read(await isolate.fetch("t1", visit()))
    await isolate.ping()
    assert isolate.heap_mib >= 60


async def test_a_call_of_a_binding_carries_trace_and_number_whatever_the_tasks(
    launch: Launch, containers: Containers
) -> None:
    isolate = await launch(
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
    assert (await read(await isolate.fetch("trace-7", request)))[0] == 200
    assert {call.trace_id for call, _ in containers.calls} == {"trace-7"}
    assert sorted(call.number for call, _ in containers.calls) == [1, 2, 3, 4]
    assert {call.binding for call, _ in containers.calls} == {"APP"}
    for _, passed_on in containers.calls:
        assert not [name for name, _ in passed_on.headers if name.startswith(b"hybrid-tui")]
        assert passed_on.header(b"host") == b"app"


async def test_many_requests_at_once_do_not_mix(launch: Launch, containers: Containers) -> None:
    isolate = await launch("return await self.env.APP.fetch(request)")
    numbers = iter(range(1000))

    async def visitor() -> None:
        for number in numbers:
            answer = await isolate.fetch(f"t{number}", visit(f"/{number}"))
            assert await read(answer) == (200, f"1 GET /{number} ")

    await asyncio.gather(*(visitor() for _ in range(32)))
    assert {call.trace_id for call, _ in containers.calls} == {f"t{number}" for number in range(1000)}
    await isolate.ping()
    assert isolate.in_flight == 0


async def test_an_unread_response_passes_by_reference_with_its_fields(
    launch: Launch, containers: Containers
) -> None:
    fields = [(b"content-encoding", b"gzip"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    body = one_chunk(b"\x1f\x8b\x00\xff")
    containers.answer = lambda *_: _ready(Response(404, [*fields, (b"content-length", b"4")], body))
    isolate = await launch("return await self.env.APP.fetch(request)")
    answer = await isolate.fetch("t1", visit())
    assert (answer.response.status, answer.response.headers) == (404, [*fields, (b"content-length", b"4")])
    assert answer.response.body is body


@pytest.mark.parametrize(
    "source",
    [
        "return await self.env.APP.fetch(request)",
        "return await self.env.APP.fetch(Request(request, headers={'x-only': 'this'}))",
        "return await self.env.APP.fetch('http://app/', method='POST', body=request.body)",
    ],
)
async def test_an_unread_body_of_the_visitor_passes_by_reference(
    launch: Launch, containers: Containers, source: str
) -> None:
    isolate = await launch(source)
    body = one_chunk(b"never in the isolate")
    got: list[object] = []

    async def keep(sub_request: SubRequest, request: Request) -> Response:
        got.append(request.body)
        return await containers.describe(sub_request, request)

    containers.answer = keep
    status, text = await read(await isolate.fetch("t1", visit("/up", method="POST", body=body)))
    assert (status, text.endswith("never in the isolate")) == (200, True)
    assert got == [body]


async def test_a_changed_response_passes_its_body_by_reference(
    launch: Launch, containers: Containers
) -> None:
    body = one_chunk(b"as it is")
    containers.answer = lambda *_: _ready(Response(200, [(b"x-one", b"1")], body))
    isolate = await launch(
        """
        response = await self.env.APP.fetch(request)
        changed = Response(response.body, status=201, headers=response.headers)
        changed.headers.set("x-two", "2")
        return changed
        """
    )
    answer = await isolate.fetch("t1", visit())
    assert answer.response.body is body
    assert (answer.response.status, dict(answer.response.headers)[b"x-two"]) == (201, b"2")


async def _ready(response: Response) -> Response:
    return response


async def test_bodies_stream_through_the_workers_own_hands_both_ways(
    launch: Launch, containers: Containers
) -> None:
    async def echo(sub_request: SubRequest, request: Request) -> Response:
        return Response(200, [], request.body)

    containers.answer = echo
    isolate = await launch(
        """
        async def loud(body):
            async for piece in body:
                yield piece.upper()
        response = await self.env.APP.fetch("http://app/", method="POST", body=loud(request.body))
        return Response(loud(response.body))
        """
    )
    to_send: asyncio.Queue[bytes] = asyncio.Queue()

    async def spoken() -> AsyncIterator[bytes]:
        while data := await to_send.get():
            yield data

    async with asyncio.timeout(WAIT_S):
        answer = await isolate.fetch("t1", visit(method="POST", body=spoken()))
        assert answer.response.body is not None
        for word in (b"one", b"two"):
            to_send.put_nowait(word)
            assert await anext(answer.response.body) == word.upper()
        to_send.put_nowait(b"")
        assert [data async for data in answer.response.body] == []


async def test_a_body_that_the_visitor_leaves_is_let_go_in_the_worker(
    launch: Launch, recorder: Recorder
) -> None:
    isolate = await launch(
        """
        async def endless():
            try:
                while True:
                    yield "x" * 10_000
            finally:
                print("let go")
        return Response(endless())
        """
    )
    answer = await isolate.fetch("t1", visit())
    assert answer.response.body is not None
    assert answer.response.close is not None
    await anext(answer.response.body)
    await answer.response.close()
    assert await recorder.log_line("let go") == ("t1", "log", "let go")
    assert (await answer.cpu_time()).ms > 0


async def test_cancelling_cancels_the_workers_work_and_its_calls(
    launch: Launch, containers: Containers, recorder: Recorder
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
    isolate = await launch(
        """
        try:
            return await self.env.APP.fetch(request)
        finally:
            print("cleaned up")
        """
    )
    fetch = asyncio.create_task(isolate.fetch("t1", visit()))
    async with asyncio.timeout(WAIT_S):
        await called.wait()
        fetch.cancel()
        await cancelled.wait()
    with pytest.raises(asyncio.CancelledError):
        await fetch
    assert (await recorder.log_line("cleaned up"))[0] == "t1"


async def test_a_websocket_goes_through_the_worker_to_the_container(
    launch: Launch, containers: Containers
) -> None:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    client = PooledClient()
    numbers = iter(range(100))
    async with asyncio.timeout(WAIT_S), serve_websocket(echo, "127.0.0.1", 0) as upstream:
        address = ("127.0.0.1", upstream.sockets[0].getsockname()[1])
        containers.answer = lambda _, request: client.fetch(address, request)
        isolate = await launch("return await self.env.APP.fetch(request)")

        async def edge(request: Request) -> Response:
            return (await isolate.fetch(f"t{next(numbers)}", request)).response

        server = await serve(edge)
        async with connect(f"ws://127.0.0.1:{server.port}/chat") as socket:
            for message in ("hello", b"\x00\xff", "x" * 200_000):
                await socket.send(message)
                assert await socket.recv() == message
        await server.stop()
    await client.close()


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


async def test_stopping_ends_the_process(launch: Launch) -> None:
    isolate = await launch("return Response('x')")
    await isolate.stop()
    assert not psutil.pid_exists(isolate.pid)
    assert isolate.how_it_ended() == "the Worker's process ended with exit code 0"
    with pytest.raises(IsolateLost):
        await isolate.fetch("t1", visit())


ENGINE = """
import asyncio, sys
from pathlib import Path
from core.http.messages import Request
from core.worker.python.launcher import PythonLauncher

async def no_binding(sub_request, request):
    raise AssertionError

async def main():
    launcher = PythonLauncher(main=Path(sys.argv[1]), binding_fetch=no_binding, on_log=lambda *_: None)
    isolate = await launcher.launch(1)
    spare = await launcher._standing_by
    print(isolate.pid, spare.pid, flush=True)
    await isolate.fetch("t1", Request("GET", "/"))

asyncio.run(main())
"""


async def test_all_processes_end_when_their_engine_is_killed_even_in_a_loop(
    write_worker: WriteWorker,
) -> None:
    main = write_worker("while True: pass")
    sockets = Path(tempfile.mkdtemp(prefix="hy"))
    engine = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(ENGINE),
        str(main),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(sockets), "PYTHONPATH": str(Path(core.__file__).parent.parent)},
    )
    assert engine.stdout is not None
    async with asyncio.timeout(WAIT_S):
        processes = [psutil.Process(int(pid)) for pid in (await engine.stdout.readline()).split()]
        engine.kill()
        await engine.wait()
        for process in processes:
            await asyncio.to_thread(_wait_until_gone, process)
    # Fails where anything is left in it.
    await asyncio.to_thread(sockets.rmdir)


def _wait_until_gone(process: psutil.Process) -> None:
    """Wait for the end of a process that is not a child; one that nobody collects counts as ended."""
    try:
        process.wait(timeout=10)
    except psutil.TimeoutExpired:
        assert process.status() == psutil.STATUS_ZOMBIE
