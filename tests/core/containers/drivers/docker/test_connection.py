"""The Engine's answers on the wire: streams of objects however cut, refusals, and lost connections."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.containers.drivers.docker.api import EngineApi, unframed
from core.containers.drivers.docker.connection import EngineConnection, json_objects
from core.containers.drivers.docker.endpoint import Endpoint
from core.containers.drivers.docker.errors import EngineError, EngineLost
from core.http.client import PooledClient
from core.http.messages import Request, Response, one_chunk
from core.http.server import serve

OBJECTS = st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers(), max_size=3))


async def pieces(data: bytes, cuts: Sequence[int]) -> AsyncGenerator[bytes, None]:
    at = 0
    for cut in sorted(cuts):
        if at < cut < len(data):
            yield data[at:cut]
            at = cut
    yield data[at:]


@given(OBJECTS, st.lists(st.integers(0, 400)), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_objects_are_the_same_however_a_stream_is_cut(
    objects: list[dict[str, object]], cuts: list[int], end: bytes, ended: bool
) -> None:
    data = end.join(msgspec.json.encode(one) for one in objects) + (end if ended else b"")

    async def read() -> list[dict[str, object]]:
        return [one async for one in json_objects(pieces(data, cuts))]

    assert asyncio.run(read()) == objects


@given(st.lists(st.tuples(st.integers(0, 2), st.binary(max_size=300))))
def test_a_log_is_its_frames_payloads_in_order(frames: list[tuple[int, bytes]]) -> None:
    data = b"".join(bytes([kind, 0, 0, 0]) + len(one).to_bytes(4, "big") + one for kind, one in frames)
    assert unframed(data) == b"".join(one for _, one in frames)


@pytest.mark.parametrize("text", [b"", b"plain", b"a terminal's log has no frames\r\n"])
def test_the_log_of_a_terminal_is_left_as_it_is(text: bytes) -> None:
    assert unframed(text) == text


async def answer_of(response: Response) -> object:
    """Let a server answer one call with this, and return what the connection makes of it."""

    async def give(request: Request) -> Response:
        return response

    server, client = await serve(give), PooledClient()
    connection = EngineConnection(Endpoint(f"tcp://127.0.0.1:{server.port}", "a test"), client)
    try:
        return await connection.call("GET", "/things", {"all": True, "filters": {"label": ["a=b"]}})
    finally:
        await client.close()
        await server.stop()


async def test_json_is_decoded_and_text_is_text() -> None:
    json = [(b"content-type", b"application/json; charset=utf-8")]
    assert await answer_of(Response(200, json, one_chunk(b'{"Id": "x"}'))) == {"Id": "x"}
    assert await answer_of(Response(200, [(b"content-type", b"text/plain")], one_chunk(b"OK"))) == "OK"
    assert await answer_of(Response(304, [], None)) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [(b'{"message": "No such container: x"}', "No such container: x"), (b"plain\n", "plain"), (b"", "")],
)
async def test_a_refusal_carries_its_status_and_message(content: bytes, message: str) -> None:
    with pytest.raises(EngineError) as error:
        await answer_of(Response(404, [(b"content-length", str(len(content)).encode())], one_chunk(content)))
    assert (error.value.status, error.value.message) == (404, message)


async def test_an_answer_that_breaks_off_is_a_lost_engine() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"half":')
        await writer.drain()
        writer.close()

    server, client = await asyncio.start_server(talk, "127.0.0.1", 0), PooledClient()
    port = server.sockets[0].getsockname()[1]
    connection = EngineConnection(Endpoint(f"tcp://127.0.0.1:{port}", "a test"), client)
    with pytest.raises(EngineLost, match="went away"):
        await connection.call("GET", "/info")
    await client.close()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("engines", "asked"), [("1.41", "/v1.41/info"), ("1.99", "/v1.51/info"), ("", "/info")]
)
async def test_the_engines_own_version_is_spoken_as_far_as_it_is_known(engines: str, asked: str) -> None:
    targets: list[str] = []

    async def give(request: Request) -> Response:
        targets.append(request.target)
        json = [(b"content-type", b"application/json")]
        return Response(200, json, one_chunk(msgspec.json.encode({"ApiVersion": engines})))

    server, client = await serve(give), PooledClient()
    api = EngineApi(Endpoint(f"tcp://127.0.0.1:{server.port}", "a test"), client)
    await api.version()
    await api.info()
    await client.close()
    await server.stop()
    assert targets == ["/version", asked]
