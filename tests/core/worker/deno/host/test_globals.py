"""What a Worker finds in its global scope, and what it does not find there."""

from pathlib import Path

import pytest

from tests.core.worker.deno.loading import loaded


async def test_what_the_platform_has_not_is_not_there(tmp_path: Path) -> None:
    source = """
      const names = ["Worker", "window", "alert", "prompt", "localStorage", "location", "BroadcastChannel"];
      return Response.json(names.filter((name) => name in globalThis));
    """
    async with loaded(tmp_path, source) as worker:
        assert (await worker.fetch()).json == []


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("navigator.userAgent", "Cloudflare-Workers"),
        ("Object.keys(globalThis).includes('Deno')", "false"),
        ("new Headers([['set-cookie', 'a'], ['set-cookie', 'b']]).getAll('set-cookie').length", "2"),
        ("await scheduler.wait(1)", "undefined"),
        ("new Response('x') instanceof Response", "true"),
        ("Response.json([1]).headers.get('content-type')", "application/json"),
        ("Response.redirect('http://a/b', 307).headers.get('location')", "http://a/b"),
        ("typeof (await import('node:crypto')).createHash", "function"),
        ("await new Promise((done) => setTimeout((a, b) => done(a + b), 1, 20, 22))", "42"),
    ],
)
async def test_what_the_platform_has_is_there(tmp_path: Path, expression: str, told: str) -> None:
    async with loaded(tmp_path, f"return new Response(String({expression}))") as worker:
        assert (await worker.fetch()).text == told


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (
            "caches.default.match('http://x/')",
            "The Cache API (caches) is not emulated yet under the Deno runtime.",
        ),
        ("new HTMLRewriter()", "HTMLRewriter is not emulated yet under the Deno runtime."),
        ("(await import('node:process')).default.exit(0)", "process.exit() is not available in Workers."),
    ],
)
async def test_what_is_not_here_says_so(tmp_path: Path, use: str, message: str) -> None:
    source = f"try {{ {use} }} catch (error) {{ return new Response(error.message) }}"
    async with loaded(tmp_path, source) as worker:
        assert (await worker.fetch()).text.startswith(message)


async def test_what_is_logged_has_its_level_and_its_request(tmp_path: Path) -> None:
    source = """
      console.log("a %s", "line", { deep: [1] });
      console.warn("careful");
      console.error("wrong");
      await new Promise((resolve) => setTimeout(resolve, 1));
      console.debug("later");
      return new Response();
    """
    async with loaded(tmp_path, source) as worker:
        await worker.fetch(trace="t9")
        assert worker.lines == [
            ("t9", "log", "a line { deep: [ 1 ] }"),
            ("t9", "warning", "careful"),
            ("t9", "error", "wrong"),
            ("t9", "log", "later"),
        ]


async def test_a_request_logs_no_more_than_its_limit(tmp_path: Path) -> None:
    source = "for (let n = 0; n < 10; n++) console.log('x'.repeat(40)); return new Response()"
    async with loaded(tmp_path, source, log_limit_bytes=100) as worker:
        for _ in range(2):
            await worker.fetch()
            assert [text[:14] for _, _, text in worker.lines] == ["x" * 14, "x" * 14, "Log size limit"]
            worker.lines.clear()


async def test_cpu_time_is_that_of_the_request_that_used_it(tmp_path: Path) -> None:
    source = """
      if (request.url.endsWith("/idle")) {
        await new Promise((resolve) => globalThis.wake = resolve);
        return new Response();
      }
      await env.BOX.fetch("http://c/");
      const end = performance.now() + 60;
      while (performance.now() < end);
      globalThis.wake();
      return new Response();
    """
    import asyncio

    from core.http.messages import Request

    async with loaded(tmp_path, source) as worker:
        idle = asyncio.create_task(worker.isolate.fetch("i", Request("GET", "/idle", [(b"Host", b"a")])))
        busy = await worker.isolate.fetch("b", Request("GET", "/busy", [(b"Host", b"a")]))
        of_idle, of_busy = await (await idle).cpu_time(), await busy.cpu_time()
    assert of_busy.ms > 10 * of_idle.ms
    assert {of_idle.kind, of_busy.kind} == {"estimated"}


async def test_cpu_time_is_exact_where_the_isolate_worked_for_nobody_else(tmp_path: Path) -> None:
    from core.http.messages import Request

    async with loaded(tmp_path, "await scheduler.wait(1); return new Response()") as worker:
        answer = await worker.isolate.fetch("b", Request("GET", "/", [(b"Host", b"a")]))
        assert (await answer.cpu_time()).kind == "measured"
