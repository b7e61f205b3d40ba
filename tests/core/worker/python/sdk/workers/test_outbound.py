"""Requests that a Worker makes by itself: where they go, and what redirects do."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from core.http.messages import Request, Response, one_chunk
from core.worker.python.host import Host
from core.worker.python.sdk import workers
from core.worker.python.visit import CURRENT, Visit
from core.worker.runtime import SubRequest

Answer = Callable[[Request], Response]


class Outside:
    """The outside: keeps what was sent, and answers as told."""

    def __init__(self, answer: Answer) -> None:
        self.sent: list[tuple[SubRequest, Request, bytes]] = []
        self._answer = answer

    async def call(self, sub_request: SubRequest, request: Request) -> Response:
        body = b"" if request.body is None else b"".join([piece async for piece in request.body])
        self.sent.append((sub_request, request, body))
        return self._answer(request)

    @property
    def targets(self) -> list[str]:
        return [f"{request.method} {request.target}" for _, request, _ in self.sent]


def redirect_to(location: str, status: int = 302) -> Answer:
    return lambda request: (
        Response(200, [], one_chunk(b"arrived"))
        if request.target.endswith("/end")
        else Response(status, [(b"location", location.encode())])
    )


async def run(folder: Path, body: str, outside: Outside) -> tuple[int, str]:
    """Run a Worker with this body of its fetch."""
    lines = "\n        ".join(body.strip().splitlines())
    (folder / "worker.py").write_text(
        "from workers import Request, Response, WorkerEntrypoint, fetch\n"
        f"class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n        {lines}\n"
    )
    host = Host(folder / "worker.py", {}, {"APP": ""}, outside.call, {"workers": workers})
    visit = Visit("trace", lambda *_: None)
    token = CURRENT.set(visit)
    try:
        response = await host.answer(visit, Request("GET", "/", [(b"host", b"shop.example")]))
    finally:
        CURRENT.reset(token)
    text = b"" if response.body is None else b"".join([piece async for piece in response.body])
    return response.status, text.decode()


async def test_a_request_to_the_outside_names_its_whole_url_and_no_binding(tmp_path: Path) -> None:
    outside = Outside(lambda _: Response(200, [], one_chunk(b"hi")))
    sent = "return await fetch('https://api.example:8443/v1?q=ä', method='POST', body='x')"
    assert await run(tmp_path, sent, outside) == (200, "hi")
    [(sub, request, body)] = outside.sent
    assert (sub.binding, sub.number, body) == ("", 1, b"x")
    assert request.target == "https://api.example:8443/v1?q=%C3%A4"
    assert request.header(b"host") == b"api.example:8443"


async def test_redirects_are_followed_and_told(tmp_path: Path) -> None:
    outside = Outside(redirect_to("/end"))
    body = "r = await fetch('http://a.example/start')\nreturn Response(f'{r.url} {r.redirected}')"
    assert (await run(tmp_path, body, outside))[1] == "http://a.example/end True"
    assert outside.targets == ["GET http://a.example/start", "GET http://a.example/end"]


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "PUT", "GET"),
        (307, "POST", "POST"),
        (308, "PUT", "PUT"),
    ],
)
async def test_a_redirect_keeps_or_changes_the_method_as_fetch_does(
    tmp_path: Path, status: int, method: str, then: str
) -> None:
    outside = Outside(redirect_to("/end", status))
    await run(tmp_path, f"return await fetch('http://a.example/', method='{method}', body='data')", outside)
    _, request, body = outside.sent[1]
    assert (request.method, body) == (then, b"data" if then == method else b"")
    assert (request.header(b"content-length") is None) is (then == "GET")


async def test_credentials_do_not_follow_to_another_server(tmp_path: Path) -> None:
    for location, kept in (("http://b.example/end", None), ("/end", b"secret")):
        outside = Outside(redirect_to(location))
        await run(
            tmp_path, "return await fetch('http://a.example/', headers={'authorization': 'secret'})", outside
        )
        assert outside.sent[1][1].header(b"authorization") == kept


async def test_manual_gives_the_redirect_itself_and_error_refuses_it(tmp_path: Path) -> None:
    outside = Outside(redirect_to("/end"))
    assert (await run(tmp_path, "return await fetch('http://a/', redirect='manual')", outside))[0] == 302
    with pytest.raises(RuntimeError, match="redirects to /end"):
        await run(tmp_path, "return await fetch('http://a/', redirect='error')", outside)
    with pytest.raises(TypeError, match="follow, manual or error"):
        await run(tmp_path, "return await fetch('http://a/', redirect='never')", outside)


async def test_a_visitors_request_passed_on_leaves_the_redirect_to_the_visitor(tmp_path: Path) -> None:
    outside = Outside(redirect_to("/end"))
    assert (await run(tmp_path, "return await self.env.APP.fetch(request)", outside))[0] == 302
    assert (await run(tmp_path, "return await self.env.APP.fetch('http://app/')", outside))[1] == "arrived"


async def test_an_endless_chain_is_cut(tmp_path: Path) -> None:
    outside = Outside(redirect_to("/again"))
    with pytest.raises(RuntimeError, match="too many redirects"):
        await run(tmp_path, "return await fetch('http://a/')", outside)
    assert len(outside.sent) == 21


async def test_a_stream_cannot_be_sent_a_second_time(tmp_path: Path) -> None:
    outside = Outside(redirect_to("/end", 307))
    body = "async def parts():\n    yield 'x'\nreturn await fetch('http://a/', method='POST', body=parts())"
    with pytest.raises(RuntimeError, match="a streamed body cannot be sent twice"):
        await run(tmp_path, body, outside)


async def test_outside_of_a_request_it_is_refused() -> None:
    with pytest.raises(RuntimeError, match="only while a request"):
        await asyncio.create_task(workers.fetch("http://a.example/"))
