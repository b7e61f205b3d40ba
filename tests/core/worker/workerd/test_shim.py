"""The shim gives the Worker what the platform does: traced calls, a log, redirects, classes of containers."""

import asyncio
from collections.abc import Awaitable

import pytest

from core.http.messages import Request, Response, text_response
from core.worker.runtime import Answer, ContainerSignal, SubRequest, WorkerFailed
from tests.core.worker.workerd.conftest import Bound, Project, asking, text_of


async def test_calls_belong_to_their_request_even_of_a_new_one_and_later(project: Project) -> None:
    main = project.fetching("""
        await env.APP.fetch(new Request("http://other/a"));
        await new Promise((resolve) => setTimeout(resolve, 1));
        await env.APP.fetch("http://other/b", { method: "POST", body: "sent" });
        return new Response("done");
    """)
    isolate = await project.launch(main)
    await asyncio.gather(*(text_of_fetch(isolate.fetch(trace, asking())) for trace in ("one", "two")))
    assert sorted((sub.trace_id, sub.number) for sub, _, _ in project.calls) == [
        ("one", 1), ("one", 2), ("two", 1), ("two", 2),
    ]  # fmt: skip
    sub, request, body = project.calls[-1]
    assert (sub.binding, request.method, request.target, body) == ("APP", "POST", "/b", b"sent")
    assert request.headers.count((b"host", b"other")) == 1
    assert not [name for name, _ in request.headers if name.startswith(b"hybrid-tui-")]


async def text_of_fetch(fetch: Awaitable[Answer]) -> str:
    """Return the text that a fetch gives."""
    return await text_of(await fetch)


async def test_sub_requests_past_the_limit_are_refused(project: Project) -> None:
    main = project.fetching("""
        let done = 0;
        try {
          for (;; done++) await env.APP.fetch("http://c/");
        } catch (error) {
          return new Response(`${done} ${error.message}`);
        }
    """)
    isolate = await project.launch(main, sub_request_limit=3)
    assert (await text_of(await isolate.fetch("t", asking()))).startswith("3 Too many subrequests")


async def test_a_stack_names_the_typescript_that_was_written(project: Project) -> None:
    main = project.write(
        "src/worker.ts",
        """
        interface Env { APP: string }


        enum Kind { One }
        export default {
          fetch(request: Request, env: Env): Response { throw new Error(Kind[0]); },
        };
        """,
    )
    isolate = await project.launch(main)
    with pytest.raises(WorkerFailed):
        await isolate.fetch("t", asking())
    assert "    at Object.fetch (src/worker.ts:6:55)" in (await project.log_line("One"))[2]


async def test_log_lines_belong_to_their_request(project: Project) -> None:
    main = project.fetching("""
        console.log("said", { a: [1] });
        console.warn("%d of %s", 1, "two");
        console.error("long " + "x".repeat(9000) + " end");
        return new Response("x");
    """)
    isolate = await project.launch(main)
    await isolate.fetch("t", asking())
    assert await project.log_line("said") == ("t", "log", "said { a: [ 1 ] }")
    assert await project.log_line("1 of two") == ("t", "warning", "1 of two")
    assert await project.log_line("long") == ("t", "error", "long " + "x" * 9000 + " end")


async def test_the_log_of_a_request_is_bounded(project: Project) -> None:
    main = project.fetching("""
        for (let i = 0; i < 100; i++) console.log("0123456789");
        return new Response("x");
    """)
    isolate = await project.launch(main, log_limit_characters=35)
    await isolate.fetch("t", asking())
    await project.log_line("longer than its limit")
    await isolate.ping()
    assert [line[2] for line in project.logs][:3] == ["0123456789"] * 3
    assert len(project.logs) == 4


async def test_a_lost_rejection_is_told_and_harms_nobody(project: Project) -> None:
    main = project.fetching("""
        Promise.reject(new Error("lost"));
        return new Response("fine");
    """)
    isolate = await project.launch(main)
    assert await text_of(await isolate.fetch("t", asking())) == "fine"
    assert (await project.log_line("lost"))[:2] == ("t", "exception")


async def _operations(sub: SubRequest, request: Request) -> Response:
    """Answer as the engine does for a named instance that runs."""
    if not sub.operation:
        return text_response(200, f"{sub.instance} {sub.port} {request.target}")
    return text_response(200, '{"status": "healthy", "exit_code": null, "since_ms": 0}')


CLASSES = """
    import { Container, getContainer } from "@cloudflare/containers";
    import { DurableObject } from "cloudflare:workers";

    export class App extends Container {
      defaultPort = 9000;
      onStop({ exitCode }) { console.log("stopped", exitCode); }
      double(number) { return number * 2; }
    }

    export class Own extends DurableObject {
      async fetch(request) {
        this.count = (this.count ?? 0) + 1;
        const inside = await this.ctx.container.getTcpPort(81).fetch("http://c/inside");
        const native = this instanceof DurableObject;
        return Response.json([this.count, await inside.text(), Object.keys(this.env), native]);
      }
    }

    export default {
      async fetch(request, env) {
        const path = new URL(request.url).pathname;
        if (path === "/double") return new Response(String(await getContainer(env.APP, "anna").double(21)));
        if (path === "/own") return env.OWN.getByName("bert").fetch(request);
        return getContainer(env.APP, "an na").fetch(request);
      },
    };
"""
BINDINGS = [Bound("APP", "App"), Bound("OWN", "Own")]


async def test_a_container_class_of_the_package_reaches_its_instance(project: Project) -> None:
    project.answer = _operations
    isolate = await project.launch(project.write("worker.js", CLASSES), bindings=BINDINGS)
    assert await text_of(await isolate.fetch("t", asking("/x?y"))) == "an na 9000 /x?y"
    assert await text_of(await isolate.fetch("t", asking("/double"))) == "42"
    assert {sub.instance for sub, _, _ in project.calls} == {"an na", "anna"}


async def test_an_object_on_workerd_s_own_base_lives_on_between_requests(project: Project) -> None:
    project.answer = _operations
    isolate = await project.launch(project.write("worker.js", CLASSES), bindings=BINDINGS)
    for count in (1, 2):
        told = await text_of(await isolate.fetch(f"t{count}", asking("/own")))
        assert told == f'[{count},"bert 81 /inside",["APP","OWN"],true]'
    assert [sub.trace_id for sub, _, _ in project.calls if not sub.operation] == ["t1", "t2"]


async def test_a_signal_calls_the_hook_of_its_class(project: Project) -> None:
    project.answer = _operations
    isolate = await project.launch(project.write("worker.js", CLASSES), bindings=BINDINGS)
    assert await isolate.notify("t", ContainerSignal("APP", "anna", "stopped", 3))
    assert (await project.log_line("stopped 3"))[:2] == ("t", "log")
    assert not await isolate.notify("t", ContainerSignal("OWN", "bert", "stopped", 0))


async def test_redirects_of_a_new_request_are_followed_as_calls_of_their_own(project: Project) -> None:
    async def container(sub: SubRequest, request: Request) -> Response:
        if request.target == "/landed":
            return text_response(200, f"{request.method} landed")
        status = 303 if request.method == "POST" else 307
        return Response(status, [(b"location", b"/landed"), (b"content-length", b"0")])

    project.answer = container
    main = project.fetching("""
        const posted = await env.APP.fetch("http://c/1", { method: "POST", body: "x" });
        const put = await env.APP.fetch("http://c/2", { method: "PUT", body: "kept" });
        return Response.json([await posted.text(), await put.text(), posted.redirected]);
    """)
    isolate = await project.launch(main)
    assert await text_of(await isolate.fetch("t", asking())) == '["GET landed","PUT landed",true]'
    assert [(sub.number, body) for sub, _, body in project.calls] == [
        (1, b"x"),
        (2, b""),
        (3, b"kept"),
        (4, b"kept"),
    ]


async def test_a_visitor_who_leaves_does_not_take_the_object_from_others(project: Project) -> None:
    asked, opened = asyncio.Event(), asyncio.Event()

    async def container(sub: SubRequest, request: Request) -> Response:
        if sub.operation:
            asked.set()
            await opened.wait()
        return await _operations(sub, request)

    project.answer = container
    isolate = await project.launch(project.write("worker.js", CLASSES), bindings=BINDINGS)
    leaving = asyncio.create_task(isolate.fetch("one", asking("/own")))
    await asked.wait()
    staying = asyncio.create_task(isolate.fetch("two", asking("/own")))
    await isolate.ping()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await isolate.ping()
    opened.set()
    assert "bert 81 /inside" in await text_of(await asyncio.wait_for(staying, 20))
