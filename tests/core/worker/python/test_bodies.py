"""Bodies and sockets pass an isolate by reference, or through the Worker's own hands."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket

from core.http.client import PooledClient
from core.http.messages import Request, Response, one_chunk
from core.http.server import serve
from core.worker.runtime import SubRequest
from tests.core.worker.conftest import Containers, Recorder, read, visit
from tests.core.worker.python.conftest import Launch

WAIT_S = 30


async def test_an_unread_response_passes_by_reference_with_its_fields(
    launch: Launch, containers: Containers
) -> None:
    fields = [(b"content-encoding", b"gzip"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    body = one_chunk(b"\x1f\x8b\x00\xff")
    containers.answer = lambda *_: _ready(Response(404, [*fields, (b"content-length", b"4")], body))
    isolate = await launch("return await self.env.APP.fetch(request)")
    answer = await isolate.fetch("t1", visit())
    assert (answer.response.status, answer.response.headers) == (404, [*fields, (b"content-length", b"4")])
    assert answer.response.body is body


@pytest.mark.parametrize(
    "source",
    [
        "return await self.env.APP.fetch(request)",
        "return await self.env.APP.fetch(Request(request, headers={'x-only': 'this'}))",
        "return await self.env.APP.fetch('http://app/', method='POST', body=request.body)",
    ],
)
async def test_an_unread_body_of_the_visitor_passes_by_reference(
    launch: Launch, containers: Containers, source: str
) -> None:
    isolate = await launch(source)
    body = one_chunk(b"never in the isolate")
    got: list[object] = []

    async def keep(sub_request: SubRequest, request: Request) -> Response:
        got.append(request.body)
        return await containers.describe(sub_request, request)

    containers.answer = keep
    status, text = await read(await isolate.fetch("t1", visit("/up", method="POST", body=body)))
    assert (status, text.endswith("never in the isolate")) == (200, True)
    assert got == [body]


async def test_a_changed_response_passes_its_body_by_reference(
    launch: Launch, containers: Containers
) -> None:
    body = one_chunk(b"as it is")
    containers.answer = lambda *_: _ready(Response(200, [(b"x-one", b"1")], body))
    isolate = await launch(
        """
        response = await self.env.APP.fetch(request)
        changed = Response(response.body, status=201, headers=response.headers)
        changed.headers.set("x-two", "2")
        return changed
        """
    )
    answer = await isolate.fetch("t1", visit())
    assert answer.response.body is body
    assert (answer.response.status, dict(answer.response.headers)[b"x-two"]) == (201, b"2")


async def _ready(response: Response) -> Response:
    return response


async def test_bodies_stream_through_the_workers_own_hands_both_ways(
    launch: Launch, containers: Containers
) -> None:
    async def echo(sub_request: SubRequest, request: Request) -> Response:
        return Response(200, [], request.body)

    containers.answer = echo
    isolate = await launch(
        """
        async def loud(body):
            async for piece in body:
                yield piece.upper()
        response = await self.env.APP.fetch("http://app/", method="POST", body=loud(request.body))
        return Response(loud(response.body))
        """
    )
    to_send: asyncio.Queue[bytes] = asyncio.Queue()

    async def spoken() -> AsyncIterator[bytes]:
        while data := await to_send.get():
            yield data

    async with asyncio.timeout(WAIT_S):
        answer = await isolate.fetch("t1", visit(method="POST", body=spoken()))
        assert answer.response.body is not None
        for word in (b"one", b"two"):
            to_send.put_nowait(word)
            assert await anext(answer.response.body) == word.upper()
        to_send.put_nowait(b"")
        assert [data async for data in answer.response.body] == []


async def test_a_body_that_the_visitor_leaves_is_let_go_in_the_worker(
    launch: Launch, recorder: Recorder
) -> None:
    isolate = await launch(
        """
        async def endless():
            try:
                while True:
                    yield "x" * 10_000
            finally:
                print("let go")
        return Response(endless())
        """
    )
    answer = await isolate.fetch("t1", visit())
    assert answer.response.body is not None
    assert answer.response.close is not None
    await anext(answer.response.body)
    await answer.response.close()
    assert await recorder.log_line("let go") == ("t1", "log", "let go")
    assert (await answer.cpu_time()).ms > 0


async def test_a_websocket_goes_through_the_worker_to_the_container(
    launch: Launch, containers: Containers
) -> None:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    client = PooledClient()
    numbers = iter(range(100))
    async with asyncio.timeout(WAIT_S), serve_websocket(echo, "127.0.0.1", 0) as upstream:
        address = ("127.0.0.1", upstream.sockets[0].getsockname()[1])
        containers.answer = lambda _, request: client.fetch(address, request)
        isolate = await launch("return await self.env.APP.fetch(request)")

        async def edge(request: Request) -> Response:
            return (await isolate.fetch(f"t{next(numbers)}", request)).response

        server = await serve(edge)
        async with connect(f"ws://127.0.0.1:{server.port}/chat") as socket:
            for message in ("hello", b"\x00\xff", "x" * 200_000):
                await socket.send(message)
                assert await socket.recv() == message
        await server.stop()
    await client.close()
