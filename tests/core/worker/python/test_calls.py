"""A Worker's calls of its bindings: whose they are, how many, and what cancels them."""

import asyncio

import pytest

from core.http.messages import Request, Response
from core.worker.runtime import SubRequest
from tests.core.worker.conftest import Containers, Recorder, read, visit
from tests.core.worker.python.conftest import Launch

WAIT_S = 30


async def test_sub_requests_past_the_limit_are_refused(launch: Launch, containers: Containers) -> None:
    isolate = await launch(
        """
        try:
            while True:
                await self.env.APP.fetch("http://app/")
        except Exception as error:
            return Response(str(error))
        """,
        sub_request_limit=3,
    )
    _, text = await read(await isolate.fetch("t1", visit()))
    assert text.startswith("Too many subrequests by single Worker invocation")
    assert len(containers.calls) == 3


async def test_a_call_of_a_binding_carries_trace_and_number_whatever_the_tasks(
    launch: Launch, containers: Containers
) -> None:
    isolate = await launch(
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
    assert (await read(await isolate.fetch("trace-7", request)))[0] == 200
    assert {call.trace_id for call, _ in containers.calls} == {"trace-7"}
    assert sorted(call.number for call, _ in containers.calls) == [1, 2, 3, 4]
    assert {call.binding for call, _ in containers.calls} == {"APP"}
    for _, passed_on in containers.calls:
        assert not [name for name, _ in passed_on.headers if name.startswith(b"hybrid-tui")]
        assert passed_on.header(b"host") == b"app"


async def test_many_requests_at_once_do_not_mix(launch: Launch, containers: Containers) -> None:
    isolate = await launch("return await self.env.APP.fetch(request)")
    numbers = iter(range(1000))

    async def visitor() -> None:
        for number in numbers:
            answer = await isolate.fetch(f"t{number}", visit(f"/{number}"))
            assert await read(answer) == (200, f"1 GET /{number} ")

    await asyncio.gather(*(visitor() for _ in range(32)))
    assert {call.trace_id for call, _ in containers.calls} == {f"t{number}" for number in range(1000)}
    await isolate.ping()
    assert isolate.in_flight == 0


async def test_cancelling_cancels_the_workers_work_and_its_calls(
    launch: Launch, containers: Containers, recorder: Recorder
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
    isolate = await launch(
        """
        try:
            return await self.env.APP.fetch(request)
        finally:
            print("cleaned up")
        """
    )
    fetch = asyncio.create_task(isolate.fetch("t1", visit()))
    async with asyncio.timeout(WAIT_S):
        await called.wait()
        fetch.cancel()
        await cancelled.wait()
    with pytest.raises(asyncio.CancelledError):
        await fetch
    assert (await recorder.log_line("cleaned up"))[0] == "t1"
