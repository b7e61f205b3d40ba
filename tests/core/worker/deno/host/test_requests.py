"""A request reaches the Worker exactly as sent, its answer goes back exactly as made, failures are told."""

import asyncio
from pathlib import Path

import pytest

from core.worker.runtime import Scheduled, WorkerFailed
from tests.core.worker.deno.loading import loaded


async def test_the_request_is_as_sent(tmp_path: Path) -> None:
    source = """
      const { url, method, redirect, bodyUsed } = request;
      const text = await request.text();
      return Response.json({ url, method, redirect, bodyUsed, all: [...request.headers], text,
        used: request.bodyUsed, is: request instanceof Request });
    """
    fields = [(b"Cookie", b"a=b"), (b"X-One", b"1"), (b"X-One", b"2"), (b"Connection", b"keep-alive")]
    async with loaded(tmp_path, source) as worker:
        told = (await worker.post(b"abc", "/a%20b?x=1", fields)).json
    assert (told["url"], told["method"], told["redirect"]) == (
        "http://shop.example/a%20b?x=1",
        "POST",
        "manual",
    )
    assert told["all"] == [
        ["connection", "keep-alive"],
        ["cookie", "a=b"],
        ["host", "shop.example"],
        ["x-one", "1, 2"],
    ]
    assert (told["bodyUsed"], told["text"], told["used"], told["is"]) == (False, "abc", True, True)


async def test_the_headers_of_a_request_that_came_cannot_be_changed(tmp_path: Path) -> None:
    source = "try { request.headers.set('a', 'b') } catch (error) { return new Response(String(error)) }"
    async with loaded(tmp_path, source) as worker:
        assert (await worker.fetch()).text == "TypeError: Can't modify immutable headers."


@pytest.mark.parametrize(
    "source",
    [
        "export default class { constructor(ctx, env) { this.env = env } "
        "fetch(r) { return new Response(this.env.A) } }",
        'import { WorkerEntrypoint } from "cloudflare:workers"; '
        "export default class extends WorkerEntrypoint { fetch() { return new Response(this.env.A) } }",
        'import { env } from "cloudflare:workers"; const early = env.A; '
        "export default { fetch: () => new Response(early) }",
    ],
)
async def test_each_shape_of_a_worker_has_its_env(tmp_path: Path, source: str) -> None:
    async with loaded(tmp_path, source, variables={"A": "of env"}) as worker:
        assert (await worker.fetch()).text == "of env"


async def test_variables_may_be_json(tmp_path: Path) -> None:
    async with loaded(tmp_path, "return Response.json(env.A.b[1])", variables={"A": {"b": [1, 2]}}) as worker:
        assert (await worker.fetch()).text == "2"


async def test_a_small_answer_has_its_length_and_type(tmp_path: Path) -> None:
    async with loaded(tmp_path, "return new Response('grüß')") as worker:
        answer = await worker.fetch()
    assert answer.fields("content-type") == ["text/plain;charset=UTF-8"]
    assert (answer.fields("content-length"), answer.text) == (["6"], "grüß")


async def test_an_answer_to_head_has_the_length_and_no_body(tmp_path: Path) -> None:
    async with loaded(tmp_path, "return new Response('12345')") as worker:
        answer = await worker.fetch(method="HEAD")
    assert (answer.fields("content-length"), answer.body) == (["5"], b"")


async def test_several_set_cookie_fields_stay_several(tmp_path: Path) -> None:
    source = """
      const headers = new Headers({ "Set-Cookie": "a=1" });
      headers.append("set-cookie", "b=2");
      return new Response(null, { status: 204, headers });
    """
    async with loaded(tmp_path, source) as worker:
        answer = await worker.fetch()
    assert (answer.status, answer.fields("set-cookie"), answer.body) == (204, ["a=1", "b=2"], b"")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("throw new RangeError('too far')", "RangeError: too far"),
        ("throw 'a string'", 'Uncaught "a string"'),
        ("return 'a string'", "did not return a Response"),
        ("return", "did not return a Response"),
        ("return Response.error()", "Response.error()"),
        ("const made = new Response('x'); await made.text(); return made", "Body has already been used"),
        ("return new Response('x', { status: 99 })", "range 200 to 599"),
        ("export const fetch = 1;", "Handler does not export a fetch() function"),
    ],
)
async def test_what_is_no_answer_fails_and_the_isolate_lives(
    tmp_path: Path, source: str, message: str
) -> None:
    async with loaded(tmp_path, source) as worker:
        for _ in range(2):
            with pytest.raises(WorkerFailed, match=message.replace("(", r"\(").replace(")", r"\)")):
                await worker.fetch()


async def test_a_stack_names_the_users_files_only(tmp_path: Path) -> None:
    source = """
      await null;
      throw new Error("outer", { cause: new TypeError("inner") });
    """
    async with loaded(tmp_path, source) as worker:
        with pytest.raises(WorkerFailed):
            await worker.fetch()
        _, level, text = await worker.line("outer")
    assert level == "exception"
    assert text.splitlines() == [
        "Error: outer",
        "    at Object.fetch (worker.ts:4:13)",
        "Caused by: TypeError: inner",
        "    at Object.fetch (worker.ts:4:41)",
    ]


async def test_late_work_and_its_failure_belong_to_the_request(tmp_path: Path) -> None:
    source = """
      ctx.waitUntil((async () => { await scheduler.wait(1); await env.BOX.fetch("http://c/late"); })());
      ctx.waitUntil((async () => { await scheduler.wait(1); throw new Error("late failure"); })());
      return new Response("early");
    """
    async with loaded(tmp_path, source) as worker:
        assert (await worker.fetch(trace="t7")).text == "early"
        assert (await worker.line("late failure"))[:2] == ("t7", "exception")
        while worker.isolate.in_flight:
            await asyncio.sleep(0)
        assert [(sub.trace_id, request.target) for sub, request, _ in worker.calls] == [("t7", "/late")]


async def test_a_rejection_that_nobody_handles_is_logged_and_the_isolate_lives(tmp_path: Path) -> None:
    async with loaded(tmp_path, "Promise.reject(new Error('lost')); return new Response('x')") as worker:
        assert (await worker.fetch()).text == "x"
        assert (await worker.line("lost"))[1] == "exception"
        assert (await worker.fetch()).text == "x"


async def test_an_exception_in_a_timer_is_logged_and_the_isolate_lives(tmp_path: Path) -> None:
    source = """
      setTimeout(() => { throw new Error("in a timer") }, 0);
      await scheduler.wait(1);
      return new Response("x");
    """
    async with loaded(tmp_path, source) as worker:
        await worker.fetch()
        assert (await worker.line("in a timer"))[:2] == ("t1", "exception")
        assert (await worker.fetch()).text == "x"


async def test_timers_end_with_their_request(tmp_path: Path) -> None:
    source = """
      if (request.url.endsWith("/first")) setTimeout(() => console.log("too late"), 0);
      else await scheduler.wait(2);
      return new Response("x");
    """
    async with loaded(tmp_path, source) as worker:
        await worker.fetch("/first")
        await worker.fetch("/second")
        assert worker.lines == []


async def test_a_visitor_who_leaves_aborts_the_signal(tmp_path: Path) -> None:
    source = """
      request.signal.addEventListener("abort", () => console.log(`left: ${request.signal.reason.name}`));
      console.log("begun");
      await new Promise(() => {});
    """
    async with loaded(tmp_path, source) as worker:
        waiting = asyncio.create_task(worker.fetch())
        await worker.line("begun")
        waiting.cancel()
        await worker.line("left: AbortError")


async def test_a_cron_trigger_calls_scheduled(tmp_path: Path) -> None:
    source = """
      export default { async scheduled({ cron, scheduledTime, type }, env, ctx) {
        console.log(JSON.stringify([cron, scheduledTime, type]));
      } };
    """
    async with loaded(tmp_path, source) as worker:
        assert await worker.isolate.notify("t1", Scheduled("* * * * *", 17))
        assert (await worker.line("scheduled"))[2] == '["* * * * *",17,"scheduled"]'


async def test_a_worker_without_scheduled_says_so(tmp_path: Path) -> None:
    async with loaded(tmp_path, "return new Response()") as worker:
        assert not await worker.isolate.notify("t1", Scheduled("* * * * *", 17))
