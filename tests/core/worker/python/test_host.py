"""A loaded Worker answers requests: wire messages in and out, the Worker's own objects between."""

import asyncio
from pathlib import Path

import pytest

from core.http.messages import Request, Response, one_chunk
from core.worker.python.host import Host
from core.worker.python.loader import LoadError
from core.worker.python.messages import WrongAnswer
from core.worker.python.sdk import workers
from core.worker.python.visit import CURRENT, Visit
from core.worker.runtime import SubRequest

NAMES = {"workers": workers}


class Calls:
    """Answers calls of bindings, and keeps them."""

    def __init__(self, response: Response | None = None) -> None:
        self.made: list[tuple[SubRequest, Request]] = []
        self.response = response or Response(200, [(b"content-length", b"2")], one_chunk(b"ok"))

    async def __call__(self, sub_request: SubRequest, request: Request) -> Response:
        self.made.append((sub_request, request))
        return self.response


def host(folder: Path, fetch: str, calls: Calls | None = None) -> Host:
    """Load a Worker with this body of its fetch."""
    lines = "\n        ".join(fetch.splitlines())
    (folder / "worker.py").write_text(
        "from workers import Request, Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        f"    async def fetch(self, request):\n        {lines}\n"
    )
    return Host(folder / "worker.py", {"GREETING": "hello"}, {"APP": "App"}, calls or Calls(), NAMES)


async def answer(of: Host, request: Request) -> tuple[Response, bytes]:
    """Return the Worker's response and its whole body."""
    visit = Visit("trace", lambda *_: None)
    token = CURRENT.set(visit)
    try:
        response = await of.answer(visit, request)
    finally:
        CURRENT.reset(token)
    return response, b"".join([part async for part in response.body]) if response.body else b""


async def test_the_worker_sees_the_request_as_it_came(tmp_path: Path) -> None:
    seen = host(
        tmp_path,
        "body = await request.text()\n"
        "return Response(f'{request.method} {request.url} {body} {self.env.GREETING}', status=201)",
    )
    headers = [(b"host", b"shop.example"), (b"content-length", b"3")]
    response, body = await answer(seen, Request("POST", "/a?b=c", headers, one_chunk(b"abc")))
    assert response.status == 201
    assert body == b"POST http://shop.example/a?b=c abc hello"


async def test_a_binding_is_called_under_the_requests_trace_and_counted(tmp_path: Path) -> None:
    calls = Calls()
    passing = host(
        tmp_path, "await self.env.APP.fetch('http://c/x')\nreturn await self.env.APP.fetch(request)", calls
    )
    response, body = await answer(passing, Request("GET", "/y", [(b"host", b"shop.example")]))
    assert (response.status, body) == (200, b"ok")
    assert [sub_request for sub_request, _ in calls.made] == [
        SubRequest("trace", 1, "APP"),
        SubRequest("trace", 2, "APP"),
    ]
    assert [request.target for _, request in calls.made] == ["/x", "/y"]
    assert calls.made[1][1].header(b"host") == b"shop.example"


async def test_a_binding_outside_of_a_request_is_refused(tmp_path: Path) -> None:
    idle = host(tmp_path, "return self.env.APP.fetch")
    with pytest.raises(WrongAnswer, match="not a Response"):
        await answer(idle, Request("GET", "/"))
    with pytest.raises(RuntimeError, match="only while a request"):
        await idle._env.APP.fetch("http://c/")


@pytest.mark.parametrize(
    ("fetch", "said"),
    [
        ("return None", "nothing"),
        ("return 'text'", "type str"),
        ("answer = Response('x')\nawait answer.text()\nreturn answer", "read already"),
    ],
)
async def test_what_is_no_unread_response_is_refused(tmp_path: Path, fetch: str, said: str) -> None:
    with pytest.raises(WrongAnswer, match=said):
        await answer(host(tmp_path, fetch), Request("GET", "/"))


async def test_the_length_of_a_body_that_is_not_there_stays_only_where_it_belongs(tmp_path: Path) -> None:
    bare = "return Response(None, headers={'content-length': '7'})"
    for method, kept in (("HEAD", True), ("GET", False)):
        response, _ = await answer(host(tmp_path, bare), Request(method, "/"))
        assert ((b"content-length", b"7") in response.headers) is kept


async def test_work_after_the_response_is_ended_with_the_host(tmp_path: Path) -> None:
    busy = host(
        tmp_path, "import asyncio\nself.ctx.wait_until(asyncio.sleep(1000))\nreturn Response('first')"
    )
    _, body = await answer(busy, Request("GET", "/"))
    assert body == b"first"
    await asyncio.sleep(0)  # the work begins
    await busy.stop()
    assert not busy._background


def test_a_module_without_an_entrypoint_is_refused_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "worker.py").write_text("x = 1\n")
    with pytest.raises(LoadError, match=r"worker\.py"):
        Host(tmp_path / "worker.py", {}, {}, Calls(), NAMES)
