"""Calls of bindings over a link: bodies pass by reference, and nothing that is left is kept."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.http.messages import Request, Response, one_chunk
from core.worker.link.frames import Kind
from core.worker.runtime import (
    CallRefused,
    SubRequest,
    WorkerFailed,
)
from tests.core.worker.link.conftest import WAIT_S, Bench, read


class Closed:
    """A response's ``close``, and whether it was called."""

    def __init__(self) -> None:
        self.called = asyncio.Event()

    async def __call__(self) -> None:
        self.called.set()

    async def wait(self) -> None:
        await asyncio.wait_for(self.called.wait(), WAIT_S)


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"more"


async def test_the_visitors_body_passes_through_to_a_binding_by_reference(bench: Bench) -> None:
    body = one_chunk(b"never in the isolate")
    bench.fetch(body=body)
    number, head = await bench.peer.request()
    await bench.peer.call(number, body={"pass": head["body"]})
    assert bench.bindings.calls[0][1].body is body


async def test_a_bindings_body_passes_through_to_the_visitor_by_reference(bench: Bench) -> None:
    body, close = one_chunk(b"never in the isolate"), Closed()

    async def give(_: SubRequest, __: Request) -> Response:
        return Response(206, [(b"x-from", b"container")], body, None, close)

    bench.bindings.answer = give
    fetch = bench.fetch()
    number, _ = await bench.peer.request()
    response = await bench.peer.call(number)
    assert (response["status"], response["headers"]) == (206, [["x-from", "container"]])
    bench.peer.answer(number, {"pass": response["body"]})
    bench.peer.finish(number)
    answer = await fetch
    await answer.cpu_time()
    assert answer.response.body is body
    assert answer.response.close is close
    bench.isolate.kill("the test")
    await bench.isolate.exited.wait()
    assert await read(answer.response.body) == b"never in the isolate"
    assert not close.called.is_set()


async def test_a_call_says_what_it_asks_for(bench: Bench) -> None:
    bench.fetch("trace-9")
    number, _ = await bench.peer.request()
    await bench.peer.call(
        number,
        number=3,
        instance="one",
        port=8081,
        operation="state",
        method="POST",
        url="http://Other.example:81?a=b#c",
        headers=[["Host", "ignored"], ["content-length", "0"], ["hybrid-tui-binding", "X"]],
    )
    called, request = bench.bindings.calls[0]
    assert called == SubRequest("trace-9", 3, "APP", "one", 8081, "state")
    assert (request.method, request.target) == ("POST", "/?a=b")
    assert request.headers == [(b"host", b"Other.example:81"), (b"content-length", b"0")]


async def test_an_inline_body_of_a_call_has_its_own_length(bench: Bench) -> None:
    bench.fetch()
    number, _ = await bench.peer.request()
    head = {"request": number, "number": 1, "binding": "APP", "method": "PUT", "url": "http://x/"}
    fields = [["content-length", "999"]]
    bench.peer.send(Kind.CALL, 2, {**head, "headers": fields, "body": {"inline": True}}, b"four")
    await bench.peer.expect(Kind.RESPONSE)
    request = bench.bindings.calls[0][1]
    assert request.header(b"content-length") == b"4"
    assert await read(request.body) == b"four"


@pytest.mark.parametrize(
    ("host", "passed"),
    [("Shop.Example:80", b"Shop.Example:80"), ("shop.example", b"shop.example"), ("evil", b"shop.example")],
)
async def test_a_host_field_stays_when_it_names_the_same(bench: Bench, host: str, passed: bytes) -> None:
    bench.fetch()
    number, _ = await bench.peer.request()
    await bench.peer.call(number, headers=[["host", host]])
    assert bench.bindings.calls[0][1].header(b"host") == passed


@pytest.mark.parametrize("failure", [CallRefused("refused so"), WorkerFailed("refused so")])
async def test_a_refused_call_has_the_text_of_the_refusal(bench: Bench, failure: Exception) -> None:
    async def refuse(_: SubRequest, __: Request) -> Response:
        raise failure

    bench.bindings.answer = refuse
    bench.fetch()
    number, _ = await bench.peer.request()
    assert (await bench.peer.call(number))["error"] == "refused so"


async def test_an_engine_that_fails_rejects_the_call(bench: Bench) -> None:
    async def fail(_: SubRequest, __: Request) -> Response:
        raise ValueError("a mistake")

    bench.bindings.answer = fail
    bench.fetch()
    number, _ = await bench.peer.request()
    assert (await bench.peer.call(number))["error"] == "ValueError: a mistake"


async def test_calls_after_the_answer_are_served_until_the_end(bench: Bench) -> None:
    fetch = bench.fetch()
    number, _ = await bench.peer.request()
    bench.peer.answer(number)
    await fetch
    assert (await bench.peer.call(number))["status"] == 200
    bench.peer.finish(number)
    assert "has ended" in (await bench.peer.call(number))["error"]


async def test_what_is_left_unread_is_closed_at_the_end(bench: Bench) -> None:
    close = Closed()

    async def give(_: SubRequest, __: Request) -> Response:
        return Response(200, [], endless(), None, close)

    bench.bindings.answer = give
    fetch = bench.fetch()
    number, _ = await bench.peer.request()
    await bench.peer.call(number)
    bench.peer.answer(number)
    await fetch
    assert not close.called.is_set()
    bench.peer.finish(number)
    await close.wait()


async def test_an_answer_of_a_binding_without_a_body_is_closed_at_once(bench: Bench) -> None:
    close = Closed()

    async def give(_: SubRequest, __: Request) -> Response:
        return Response(200, [(b"content-length", b"9")], one_chunk(b"unseen"), None, close)

    bench.bindings.answer = give
    bench.fetch()
    number, _ = await bench.peer.request()
    response = await bench.peer.call(number, method="HEAD")
    assert response == {"status": 200, "headers": [["content-length", "9"]]}
    await close.wait()


async def test_a_body_of_another_request_is_refused(bench: Bench) -> None:
    bench.fetch(body=one_chunk(b"private"))
    _, first = await bench.peer.request()
    fetch = bench.fetch()
    number, _ = await bench.peer.request()
    bench.peer.answer(number, {"pass": first["body"]})
    with pytest.raises(WorkerFailed, match="different request"):
        await fetch


async def test_cancelling_tells_the_isolate_and_ends_its_calls(bench: Bench) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def wait(_: SubRequest, __: Request) -> Response:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    bench.bindings.answer = wait
    fetch = bench.fetch()
    number, _ = await bench.peer.request()
    call = asyncio.create_task(bench.peer.call(number))
    await asyncio.wait_for(began.wait(), WAIT_S)
    fetch.cancel()
    cancelled, _ = await bench.peer.expect(Kind.CANCEL)
    assert cancelled == number
    await asyncio.wait_for(ended.wait(), WAIT_S)
    call.cancel()
    assert "has ended" in (await bench.peer.call(number, identity=4))["error"]
    stream = bench.peer.link.send_body(endless())
    bench.peer.answer(number, {"stream": stream})
    bench.peer.finish(number)
    await bench.isolate_answers()
    assert bench.isolate.in_flight == 0
    assert bench.peer.link.take_back(stream) is None
