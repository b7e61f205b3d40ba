"""An isolate in workerd answers, fails, goes on and ends as the platform's would."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
from websockets.frames import Frame, Opcode

from core.http.messages import Request, Response, find_header, text_response
from core.worker.isolate import IsolateLost
from core.worker.runtime import CallRefused, CpuTime, Scheduled, SubRequest, WorkerFailed
from tests.core.worker.workerd.conftest import Project, asking, read, text_of


async def test_a_worker_answers_with_its_variables(project: Project) -> None:
    main = project.fetching("return Response.json([env.PLAIN, env.DEEP.a, Object.keys(env), request.url]);")
    isolate = await project.launch(main, variables={"PLAIN": "x", "DEEP": {"a": [1]}})
    answer = await isolate.fetch("t", asking("/p?q=1"))
    assert await text_of(answer) == '["x",[1],["PLAIN","DEEP","APP"],"http://shop.example/p?q=1"]'
    assert answer.isolate == 1


async def test_the_edge_s_place_is_in_cf_and_private_fields_are_nowhere(project: Project) -> None:
    main = project.fetching("return Response.json([request.cf, [...request.headers.keys()]]);")
    isolate = await project.launch(main)
    fields = ((b"cf-ray", b"1-NRT"), (b"cf-ipcity", "Zürich".encode()), (b"Hybrid-Tui-Trace-Id", b"forged"))
    answer = await isolate.fetch("t", asking("/", "GET", None, *fields))
    assert await text_of(answer) == (
        '[{"httpProtocol":"HTTP/1.1","city":"Zürich","colo":"NRT"},["cf-ipcity","cf-ray","host"]]'
    )


async def test_a_request_passes_on_and_an_answer_comes_back_byte_for_byte(project: Project) -> None:
    async def container(sub: SubRequest, request: Request) -> Response:
        fields = [(b"content-encoding", b"gzip"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
        data = b"\x1f\x8bnot really"
        response = text_response(203, "")
        response.headers = [*fields, (b"content-length", b"%d" % len(data))]
        response.body = _chunks(data)
        return response

    project.answer = container
    isolate = await project.launch(project.fetching("return env.APP.fetch(request);"))
    answer = await isolate.fetch("t", asking("/a%2Fb?x=%20", "PUT", b"body", (b"x-odd", b"\xe4")))
    headers = [(name.lower(), value) for name, value in answer.response.headers]
    assert await read(answer.response.body) == b"\x1f\x8bnot really"
    assert answer.response.status == 203
    assert [value for name, value in headers if name == b"set-cookie"] == [b"a=1", b"b=2"]
    assert (b"content-encoding", b"gzip") in headers
    _, request, body = project.calls[0]
    assert (request.method, request.target, body) == ("PUT", "/a%2Fb?x=%20", b"body")
    assert find_header(request.headers, b"host") == b"shop.example"
    assert find_header(request.headers, b"content-length") == b"4"


async def _chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_redirects_of_a_container_are_the_visitor_s(project: Project) -> None:
    async def container(sub: SubRequest, request: Request) -> Response:
        return Response(302, [(b"location", b"/there"), (b"content-length", b"0")])

    project.answer = container
    isolate = await project.launch(project.fetching("return env.APP.fetch(request);"))
    answer = await isolate.fetch("t", asking())
    await text_of(answer)
    assert (answer.response.status, len(project.calls)) == (302, 1)


async def test_a_fetch_of_its_own_goes_to_the_gateway_and_no_socket_elsewhere(project: Project) -> None:
    main = project.fetching("""
        const outside = await (await fetch("https://example.com/x?y")).text();
        let refused = "reached";
        try {
          const { connect } = await import("cloudflare:sockets");
          const socket = connect("127.0.0.1:9");
          await socket.opened;
        } catch (error) {
          refused = "refused";
        }
        return new Response(`${outside} ${refused}`);
    """)
    isolate = await project.launch(main)
    assert await text_of(await isolate.fetch("t", asking())) == " got https://example.com/x?y refused"


async def test_a_refused_call_is_an_exception_of_the_worker(project: Project) -> None:
    async def refuse(sub: SubRequest, request: Request) -> Response:
        raise CallRefused("not from here")

    project.answer = refuse
    main = project.fetching("""
        try {
          return await env.APP.fetch(request);
        } catch (error) {
          return new Response(error.message);
        }
    """)
    assert await text_of(await (await project.launch(main)).fetch("t", asking())) == "not from here"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('throw new Error("ouch");', "Error: ouch"),
        ("return env.MISSING.fetch(request);", "TypeError: Cannot read properties of undefined"),
        ("return undefined;", "TypeError: Incorrect type for Promise"),
        ('throw "text";', "Uncaught text"),
        (
            "const used = new Response('x'); await used.text(); return used;",
            "TypeError: Body has already been used",
        ),
    ],
)
async def test_an_exception_is_told_with_its_stack(project: Project, body: str, message: str) -> None:
    isolate = await project.launch(project.fetching(body))
    with pytest.raises(WorkerFailed) as failed:
        await isolate.fetch("t", asking())
    assert failed.value.message.startswith(message)
    assert failed.value.code == 1101
    trace_id, level, _ = await project.log_line(message)
    assert (trace_id, level, isolate.in_flight) == ("t", "exception", 0)


async def test_a_stream_arrives_part_by_part(project: Project) -> None:
    opened = asyncio.Event()

    async def container(sub: SubRequest, request: Request) -> Response:
        await opened.wait()
        return text_response(200, "second")

    project.answer = container
    main = project.fetching("""
        const { readable, writable } = new TransformStream();
        const writer = writable.getWriter();
        (async () => {
          await writer.write(new TextEncoder().encode("first "));
          await writer.write(new Uint8Array(await (await env.APP.fetch("http://c/")).arrayBuffer()));
          await writer.close();
        })();
        return new Response(readable);
    """)
    answer = await (await project.launch(main)).fetch("t", asking())
    assert answer.response.body is not None
    parts = aiter(answer.response.body)
    assert await anext(parts) == b"first "
    opened.set()
    assert b"".join([part async for part in parts]) == b"second"


async def test_a_stream_that_breaks_is_told_and_the_answer_breaks_off(project: Project) -> None:
    main = project.fetching("""
        let pulled = 0;
        return new Response(new ReadableStream({
          pull(controller) {
            if (pulled++) throw new Error("broke while streaming");
            controller.enqueue(new Uint8Array(100));
          },
        }));
    """)
    isolate = await project.launch(main)
    with pytest.raises(Exception, match=r"broke off|lost|closed|ended"):
        await text_of(await isolate.fetch("t", asking()))
    assert (await project.log_line("broke while"))[:2] == ("t", "exception")
    await isolate.ping()
    assert isolate.in_flight == 0


async def test_late_work_goes_on_and_counts(project: Project) -> None:
    opened = asyncio.Event()

    async def container(sub: SubRequest, request: Request) -> Response:
        await opened.wait()
        return text_response(200, "x")

    project.answer = container
    main = project.fetching("""
        ctx.waitUntil((async () => {
          await env.APP.fetch("http://c/late");
          console.log("late work done");
        })());
        ctx.waitUntil(Promise.reject(new Error("late and wrong")));
        return new Response("answered");
    """)
    isolate = await project.launch(main)
    assert await text_of(await isolate.fetch("t", asking())) == "answered"
    assert isolate.in_flight == 1
    opened.set()
    assert (await project.log_line("late work done"))[0] == "t"
    assert (await project.log_line("late and wrong"))[:2] == ("t", "exception")
    async with asyncio.timeout(20):
        while isolate.in_flight:
            await isolate.ping()


async def test_the_cpu_time_of_a_request_alone_is_measured(project: Project) -> None:
    main = project.fetching("""
        let sum = 0;
        for (let i = 0; i < 20_000_000; i++) sum += Math.sqrt(i);
        return new Response(String(sum > 0));
    """)
    answer = await (await project.launch(main)).fetch("t", asking())
    with pytest.raises(WorkerFailed):
        await answer.cpu_time()
    await text_of(answer)
    spent = await answer.cpu_time()
    assert isinstance(spent, CpuTime)
    assert spent.kind == "measured"
    assert spent.ms > 5


async def test_a_websocket_of_the_worker_talks(project: Project) -> None:
    main = project.fetching("""
        const [client, server] = Object.values(new WebSocketPair());
        server.accept();
        server.addEventListener("message", ({ data }) => server.send(`heard ${data}`));
        return new Response(null, { status: 101, webSocket: client });
    """)
    isolate = await project.launch(main)
    fields = (
        (b"upgrade", b"websocket"),
        (b"connection", b"Upgrade"),
        (b"sec-websocket-version", b"13"),
        (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    )
    answer = await isolate.fetch("t", asking("/", "GET", None, *fields))
    tunnel = answer.response.tunnel
    assert (answer.response.status, isolate.in_flight) == (101, 1)
    assert tunnel is not None
    await tunnel.write(Frame(Opcode.TEXT, b"hello").serialize(mask=True))
    assert (await tunnel.read()).endswith(b"heard hello")
    await tunnel.close()
    assert isolate.in_flight == 0


async def test_scheduled_is_called_with_its_trigger(project: Project) -> None:
    main = project.write(
        "worker.js",
        """
        export default {
          async scheduled(controller, env) {
            console.log("cron", controller.cron, controller.scheduledTime, typeof env.APP);
          },
        };
        """,
    )
    isolate = await project.launch(main)
    assert await isolate.notify("t", Scheduled("*/5 * * * *", 1_700_000_000_000))
    assert (await project.log_line("cron"))[::2] == ("t", "cron */5 * * * * 1700000000000 object")


async def test_a_worker_without_scheduled_says_so(project: Project) -> None:
    isolate = await project.launch(project.fetching("return new Response();"))
    assert not await isolate.notify("t", Scheduled("* * * * *", 0))


async def test_a_visitor_who_leaves_ends_the_call_too(project: Project) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def container(sub: SubRequest, request: Request) -> Response:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        raise AssertionError

    project.answer = container
    isolate = await project.launch(project.fetching("return env.APP.fetch(request);"))
    fetching = asyncio.create_task(isolate.fetch("t", asking()))
    await asked.wait()
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    await asyncio.wait_for(left.wait(), 20)
    assert isolate.in_flight == 0


async def test_a_killed_isolate_loses_its_requests_and_says_why(project: Project) -> None:
    begun = asyncio.Event()

    async def container(sub: SubRequest, request: Request) -> Response:
        begun.set()
        return text_response(200, "go")

    project.answer = container
    isolate = await project.launch(project.fetching("await env.APP.fetch('http://c/'); for (;;) {}"))
    fetching = asyncio.create_task(isolate.fetch("t", asking()))
    await begun.wait()
    stuck = asyncio.create_task(isolate.ping())
    isolate.kill("it used too much")
    with pytest.raises(IsolateLost, match="it used too much") as lost:
        await fetching
    with pytest.raises(IsolateLost):
        await stuck
    assert isolate.exited.is_set()
    assert isolate.how_it_ended() == "it used too much"
    with pytest.raises(IsolateLost) as never:
        await isolate.fetch("t", asking())
    assert (lost.value.began, never.value.began, isolate.in_flight) == (True, False, 0)


async def test_a_heap_past_its_limit_ends_it_with_that_reason(project: Project) -> None:
    main = project.fetching("const kept = []; for (;;) kept.push(new Array(100_000).fill(kept.length));")
    isolate = await project.launch(main, memory_limit_mib=64)
    with pytest.raises(IsolateLost, match="heap grew past its limit"):
        await isolate.fetch("t", asking())
    assert isolate.ran_out_of_memory()


async def test_stop_leaves_nothing(project: Project) -> None:
    isolate = await project.launch(project.fetching("return new Response('x');"))
    await text_of(await isolate.fetch("t", asking()))
    await isolate.stop()
    assert isolate.exited.is_set()
    assert not isolate.ran_out_of_memory()
    with pytest.raises(ProcessLookupError):
        os.kill(isolate.pid, 0)
