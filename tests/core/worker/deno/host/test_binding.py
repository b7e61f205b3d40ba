"""Calls of bindings: what they say, which request they belong to, redirects, limits."""

from pathlib import Path

import pytest

from core.http.messages import Request, Response, one_chunk
from core.worker.runtime import CallRefused, SubRequest
from tests.core.worker.deno.loading import loaded


async def redirecting(_sub: SubRequest, request: Request) -> Response:
    """Answer /from/STATUS with that redirect to /to, and all else with what was asked."""
    if request.path.startswith("/from/"):
        return Response(int(request.path[6:]), [(b"location", b"/to")])
    body = b"".join([chunk async for chunk in request.body]) if request.body else b""
    return Response(200, [], one_chunk(f"{request.method} {request.target} {body.decode()}".encode()))


async def test_a_call_is_numbered_within_its_request(tmp_path: Path) -> None:
    source = """
      await env.BOX.fetch("http://c/1");
      await new Promise((resolve) => setTimeout(resolve, 1));
      await Promise.all([env.BOX.fetch("http://c/2"), fetch("http://other.example/3")]);
      return new Response();
    """
    async with loaded(tmp_path, source) as worker:
        await worker.fetch(trace="a")
        await worker.fetch(trace="b")
        told = [(sub.trace_id, sub.number, sub.binding) for sub, _, _ in worker.calls]
    assert sorted(told) == sorted(
        (trace, number, "" if number == 3 else "BOX") for trace in "ab" for number in (1, 2, 3)
    )


async def test_a_call_says_method_target_fields_and_body(tmp_path: Path) -> None:
    source = """
      return env.BOX.fetch("http://c.example/x?y=1", { method: "put", headers: { A: "b" }, body: "text" });
    """
    async with loaded(tmp_path, source) as worker:
        await worker.fetch()
        [(_, request, body)] = worker.calls
    assert (request.method, request.target, body) == ("PUT", "/x?y=1", b"text")
    assert (request.header(b"host"), request.header(b"a")) == (b"c.example", b"b")


async def test_the_imported_env_calls_for_its_request(tmp_path: Path) -> None:
    source = """
      import { env } from "cloudflare:workers";
      export default { fetch: () => env.BOX.fetch("http://c/") };
    """
    async with loaded(tmp_path, source) as worker:
        await worker.fetch(trace="mine")
        assert [sub.trace_id for sub, _, _ in worker.calls] == ["mine"]


@pytest.mark.parametrize(
    ("status", "init", "told"),
    [
        (301, "{}", "GET /to "),
        (302, "{ method: 'POST', body: 'b' }", "GET /to "),
        (303, "{ method: 'PUT', body: 'b' }", "GET /to "),
        (307, "{ method: 'POST', body: 'b' }", "POST /to b"),
        (308, "{ method: 'PUT', body: 'b' }", "PUT /to b"),
    ],
)
async def test_a_new_request_follows_redirects(tmp_path: Path, status: int, init: str, told: str) -> None:
    source = f"""
      const r = await env.BOX.fetch("http://c/from/{status}", {init});
      return Response.json([await r.text(), r.redirected, r.url]);
    """
    async with loaded(tmp_path, source, redirecting) as worker:
        assert (await worker.fetch()).json == [told, True, "http://c/to"]


@pytest.mark.parametrize(
    "source", ["return env.BOX.fetch(request)", "return env.BOX.fetch(new Request(request))"]
)
async def test_the_visitors_request_gets_the_redirect_itself(tmp_path: Path, source: str) -> None:
    async with loaded(tmp_path, source, redirecting) as worker:
        answer = await worker.fetch("/from/302")
    assert (answer.status, answer.fields("location")) == (302, ["/to"])


async def test_credentials_do_not_follow_to_another_origin(tmp_path: Path) -> None:
    async def away(_sub: SubRequest, request: Request) -> Response:
        told = (request.header(b"authorization") or b"none").decode()
        if request.header(b"host") == b"a.example":
            return Response(302, [(b"location", b"http://b.example/")])
        return Response(200, [], one_chunk(told.encode()))

    source = "return fetch('http://a.example/', { headers: { authorization: 'secret', x: 'y' } })"
    async with loaded(tmp_path, source, away) as worker:
        assert (await worker.fetch()).text == "none"


async def test_more_sub_requests_than_the_limit_throw(tmp_path: Path) -> None:
    source = """
      let done = 0;
      try { for (;;) { await env.BOX.fetch("http://c/"); done++; } }
      catch (error) { return Response.json([done, error.message.slice(0, 50)]); }
    """
    async with loaded(tmp_path, source, sub_request_limit=3) as worker:
        for _ in range(2):
            assert (await worker.fetch()).json == [3, "Too many subrequests by single Worker invocation. "]


async def test_a_refused_call_rejects_with_the_engines_text(tmp_path: Path) -> None:
    async def refuse(_sub: SubRequest, _request: Request) -> Response:
        raise CallRefused("this address is not allowed")

    source = "try { await fetch('http://x/') } catch (error) { return new Response(error.message) }"
    async with loaded(tmp_path, source, refuse) as worker:
        assert (await worker.fetch()).text == "this address is not allowed"


async def test_an_aborted_signal_rejects_the_call(tmp_path: Path) -> None:
    source = """
      const controller = new AbortController();
      const call = env.BOX.fetch("http://c/", { signal: controller.signal });
      controller.abort();
      try { await call } catch (error) { return new Response(error.name) }
    """
    async with loaded(tmp_path, source) as worker:
        assert (await worker.fetch()).text == "AbortError"


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ("fetch('/no/host')", "Invalid URL: /no/host"),
        (
            "fetch('http://x/', { method: 'GET', body: 'b' })",
            "Request with a GET or HEAD method cannot have a body.",
        ),
        ("fetch('http://x/', { method: 'a b' })", "Invalid HTTP method string: a b"),
    ],
)
async def test_what_is_no_request_is_refused(tmp_path: Path, made: str, message: str) -> None:
    source = f"try {{ await {made} }} catch (error) {{ return new Response(error.message) }}"
    async with loaded(tmp_path, source) as worker:
        assert (await worker.fetch()).text == message
        assert worker.calls == []


async def test_a_data_url_is_read_in_place(tmp_path: Path) -> None:
    async with loaded(tmp_path, "return fetch('data:text/plain,here')") as worker:
        assert (await worker.fetch()).text == "here"
        assert worker.calls == []
