"""An isolate over a link: what it is asked and answers, what is told apart at its end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.http.errors import BodyLost
from core.http.messages import Request, one_chunk
from core.worker.isolate import IsolateLost
from core.worker.link.frames import Kind
from core.worker.runtime import (
    ContainerSignal,
    CpuTime,
    Scheduled,
    WorkerFailed,
)
from tests.core.worker.link.conftest import WAIT_S, Bench, read


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"more"


async def test_a_request_arrives_as_it_is_without_private_fields(bench: Bench) -> None:
    headers = [(b"X-Some", b"\xe4"), (b"hybrid-tui-trace-id", b"forged"), (b"x-some", b"two")]
    fetch = bench.fetch("trace", method="PUT", headers=headers)
    number, head = await bench.peer.request()
    assert head == {
        "trace": "trace",
        "method": "PUT",
        "url": "http://shop.example/path?q=1",
        "headers": [["host", "shop.example"], ["X-Some", "ä"], ["x-some", "two"]],
        "body": 0,
        "cf": {"httpProtocol": "HTTP/1.1"},
    }
    fields = [["Set-Cookie", "a=1"], ["set-cookie", "b=ä"], ["hybrid-tui-failed", "1101"]]
    bench.peer.send(Kind.ANSWER, number, {"status": 418, "headers": fields, "body": {"inline": True}}, b"tea")
    bench.peer.finish(number, 2.5)
    answer = await fetch
    assert answer.response.status == 418
    assert answer.response.headers == [
        (b"Set-Cookie", b"a=1"),
        (b"set-cookie", b"b=\xe4"),
        (b"content-length", b"3"),
    ]
    assert await read(answer.response.body) == b"tea"
    assert answer.isolate == 7
    assert await answer.cpu_time() == CpuTime(2.5, "measured")
    assert bench.isolate.in_flight == 0


async def test_cpu_time_shared_with_others_is_an_estimate(bench: Bench) -> None:
    fetch = bench.fetch()
    number, _ = await bench.peer.request()
    bench.peer.answer(number)
    answer = await fetch
    waiting = asyncio.create_task(answer.cpu_time())
    bench.peer.finish(number, 4, alone=False)
    assert await waiting == CpuTime(4, "estimated")


async def test_cpu_time_that_is_not_reported_is_unknown(bench: Bench) -> None:
    fetch = bench.fetch()
    number, _ = await bench.peer.request()
    bench.peer.answer(number)
    answer = await fetch
    with pytest.raises(WorkerFailed, match="not reported"):
        await answer.cpu_time()
    assert bench.isolate.in_flight == 1


async def test_an_inline_body_without_content_keeps_the_length_of_head(bench: Bench) -> None:
    fetch = bench.fetch(method="HEAD")
    number, _ = await bench.peer.request()
    head = {"status": 200, "headers": [["content-length", "99"]], "body": None}
    bench.peer.send(Kind.ANSWER, number, head)
    assert (await fetch).response.headers == [(b"content-length", b"99")]


async def test_the_visitors_body_comes_as_it_is_pulled(bench: Bench) -> None:
    bench.fetch(body=one_chunk(b"from the visitor"))
    _, head = await bench.peer.request()
    assert await read(bench.peer.link.receive_body(head["body"])) == b"from the visitor"


async def test_the_isolates_own_body_streams(bench: Bench) -> None:
    fetch = bench.fetch()
    number, _ = await bench.peer.request()
    stream = bench.peer.link.send_body(one_chunk(b"streamed"))
    bench.peer.answer(number, {"stream": stream})
    response = (await fetch).response
    assert await read(response.body) == b"streamed"


async def test_closing_an_answer_drops_the_isolates_body(bench: Bench) -> None:
    fetch = bench.fetch()
    number, _ = await bench.peer.request()
    source, closed = endless(), asyncio.Event()

    async def release() -> None:
        closed.set()

    bench.peer.answer(number, {"stream": bench.peer.link.send_body(source, release)})
    response = (await fetch).response
    assert response.close is not None
    await anext(response.body)
    await response.close()
    await asyncio.wait_for(closed.wait(), WAIT_S)


async def test_an_exception_is_logged_whole_and_told_in_one_line(bench: Bench) -> None:
    fetch = bench.fetch("t5")
    number, _ = await bench.peer.request()
    bench.peer.send(Kind.FAILED, number, {"message": "TypeError: no\n    at fetch (worker.ts:1:2)"})
    bench.peer.finish(number)
    with pytest.raises(WorkerFailed, match=r"^TypeError: no$") as caught:
        await fetch
    assert caught.value.code == 1101
    assert bench.log == [("t5", "exception", "TypeError: no\n    at fetch (worker.ts:1:2)")]


async def test_a_limit_that_the_isolate_holds_keeps_its_code(bench: Bench) -> None:
    fetch = bench.fetch()
    number, _ = await bench.peer.request()
    bench.peer.send(Kind.FAILED, number, {"message": "too much", "code": 1102})
    with pytest.raises(WorkerFailed) as caught:
        await fetch
    assert caught.value.code == 1102


async def test_an_exception_after_the_answer_breaks_the_body_off(bench: Bench) -> None:
    fetch = bench.fetch("t6")
    number, _ = await bench.peer.request()
    bench.peer.answer(number, {"stream": bench.peer.link.next_number()})
    response = (await fetch).response
    bench.peer.send(Kind.FAILED, number, {"message": "Error: late"})
    with pytest.raises(BodyLost, match="Error: late"):
        await read(response.body)
    assert bench.log == [("t6", "exception", "Error: late")]


async def test_a_header_that_no_wire_carries_fails_the_request_alone(bench: Bench) -> None:
    fetch = bench.fetch()
    number, _ = await bench.peer.request()
    bench.peer.send(Kind.ANSWER, number, {"status": 200, "headers": [["x", "\u20ac"]]})
    with pytest.raises(WorkerFailed, match="header of the Response"):
        await fetch
    await bench.isolate_answers()


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (Scheduled("* * * * *", 5), {"type": "scheduled", "cron": "* * * * *", "time_ms": 5}),
        (
            ContainerSignal("APP", "one", "stopped", 3),
            {
                "type": "container",
                "binding": "APP",
                "instance": "one",
                "kind": "stopped",
                "exit_code": 3,
                "reason": "exit",
                "message": "",
            },
        ),
    ],
)
async def test_an_event_is_handled_or_not(bench: Bench, event: Any, told: dict[str, Any]) -> None:
    for handled in (True, False):
        notified = asyncio.create_task(bench.isolate.notify("t", event))
        number, head = await bench.peer.expect(Kind.NOTIFY)
        assert head == {"trace": "t", **told}
        bench.peer.send(Kind.NOTIFIED, number, {"handled": handled})
        assert await notified is handled
        bench.peer.finish(number)


async def test_an_event_whose_handler_throws_fails(bench: Bench) -> None:
    notified = asyncio.create_task(bench.isolate.notify("t", Scheduled("* * * * *", 5)))
    number, _ = await bench.peer.expect(Kind.NOTIFY)
    bench.peer.send(Kind.FAILED, number, {"message": "Error: in the night"})
    with pytest.raises(WorkerFailed, match="in the night"):
        await notified


async def test_log_lines_have_the_trace_of_their_request(bench: Bench) -> None:
    bench.fetch("t7")
    number, _ = await bench.peer.request()
    bench.peer.send(Kind.LOG, number, {"level": "warning", "text": "inside"})
    bench.peer.send(Kind.LOG, 0, {"level": "log", "text": "outside"})
    await bench.isolate_answers()
    assert bench.log == [("t7", "warning", "inside"), ("", "log", "outside")]


async def test_a_pong_tells_the_heap(bench: Bench) -> None:
    ping = asyncio.create_task(bench.isolate.ping())
    number, _ = await bench.peer.expect(Kind.PING)
    bench.peer.send(Kind.PONG, number, {"heap_bytes": 3 * 1024 * 1024})
    await ping
    assert bench.isolate.heap_mib == 3


async def test_a_stuck_isolate_gives_back_what_it_has_not_begun(bench: Bench) -> None:
    body = one_chunk(b"for another isolate")
    first, second = bench.fetch("t1"), bench.fetch("t2", body=body)
    begun, _ = await bench.peer.request()
    waiting, _ = await bench.peer.request()
    bench.peer.mark(begun, begun)
    assert bench.isolate.running() == "t1"
    bench.isolate.give_back()
    with pytest.raises(IsolateLost) as caught:
        await second
    assert not caught.value.began
    assert (await bench.peer.expect(Kind.CANCEL))[0] == waiting
    assert bench.isolate.in_flight == 1
    assert await read(body) == b"for another isolate"
    bench.peer.answer(waiting)
    bench.peer.finish(waiting)
    bench.peer.answer(begun)
    assert (await first).response.status == 200
    assert bench.isolate.in_flight == 1


async def test_running_names_the_request_that_has_ended_too(bench: Bench) -> None:
    assert bench.isolate.running() == ""
    fetch = bench.fetch("t8")
    number, _ = await bench.peer.request()
    bench.peer.mark(number, number)
    bench.peer.answer(number)
    bench.peer.finish(number)
    await (await fetch).cpu_time()
    assert bench.isolate.running() == "t8"


async def test_a_killed_isolate_tells_who_had_begun_and_why_it_ended(bench: Bench) -> None:
    first, second = bench.fetch("t1"), bench.fetch("t2")
    begun, _ = await bench.peer.request()
    await bench.peer.request()
    bench.peer.mark(begun, begun)
    bench.isolate.kill("used too much")
    with pytest.raises(IsolateLost, match="used too much") as caught:
        await first
    assert caught.value.began
    with pytest.raises(IsolateLost) as caught:
        await second
    assert not caught.value.began
    assert bench.isolate.exited.is_set()
    assert bench.isolate.running() == "t1"
    assert not bench.peer.mark_path.parent.exists()
    with pytest.raises(IsolateLost):
        await bench.isolate.fetch("t3", Request("GET", "/"))
    with pytest.raises(IsolateLost):
        await bench.isolate.ping()


async def test_a_body_of_a_lost_isolate_breaks_off(bench: Bench) -> None:
    fetch = bench.fetch()
    number, _ = await bench.peer.request()
    bench.peer.answer(number, {"stream": bench.peer.link.send_body(endless())})
    answer = await fetch
    body = answer.response.body
    assert body is not None
    await anext(body)
    bench.isolate.kill("the test")
    await bench.isolate.exited.wait()
    with pytest.raises(BodyLost):
        await read(body)
    with pytest.raises(WorkerFailed):
        await answer.cpu_time()


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"\xff" * 64, "a frame of 4,294,967,295 bytes"),
        (b"\x00\x00\x00\x00\x63\x00\x00\x00\x00", "no frame of kind 99"),
        (b"\x02\x00\x00\x00\x16\x01\x00\x00\x00{]", "JSON is malformed"),
    ],
)
async def test_garbage_ends_the_isolate_with_a_reason(bench: Bench, sent: bytes, reason: str) -> None:
    fetch = bench.fetch()
    await bench.peer.request()
    bench.peer.link.transport.write(sent)
    with pytest.raises(IsolateLost, match="what the engine cannot read"):
        await fetch
    assert reason in bench.isolate.how_it_ended()


async def test_an_isolate_that_closes_its_link_is_ended(bench: Bench) -> None:
    fetch = bench.fetch()
    await bench.peer.request()
    bench.peer.link.close()
    with pytest.raises(IsolateLost, match="closed its link"):
        await fetch
