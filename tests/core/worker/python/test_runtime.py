"""The Python runtime with real isolates: answers, errors, limits, deaths and restarts."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket

from core.events.types import WorkerChanged
from core.http.client import PooledClient
from core.http.errors import BodyLost
from core.http.messages import Request, Response, one_chunk
from core.http.server import serve
from core.worker.runtime import SubRequest, WorkerFailed
from tests.core.worker.conftest import Containers, Recorder, Start, WriteWorker, make_runtime, read, visit

WAIT_S = 30


async def test_the_worker_answers_with_its_values(start: Start) -> None:
    runtime = await start("return Response.json({'greeting': self.env.GREETING, 'url': request.url})")
    answer = await runtime.fetch("t1", visit("/api/x?q=1"))
    status, body = await read(answer)
    assert (status, json.loads(body)) == (200, {"greeting": "hello", "url": "http://shop.example/api/x?q=1"})
    assert await answer.cpu_ms() > 0


async def test_the_cpu_time_of_a_request_that_its_isolate_died_of_is_unknown_and_not_zero(
    start: Start,
) -> None:
    runtime = await start(
        """
        async def body():
            yield "first"
            import os
            os._exit(3)
        return Response(body())
        """
    )
    answer = await runtime.fetch("t1", visit())
    assert answer.response.status == 200
    with pytest.raises(BodyLost):
        await read(answer)
    with pytest.raises(WorkerFailed, match="did not report"):
        await answer.cpu_ms()


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
