"""The pooled client, against a raw server whose every byte the test decides."""

import asyncio

import pytest

from core.http import client as client_module
from core.http.client import PooledClient
from core.http.errors import ConnectFailed, ConnectionLost
from core.http.messages import Request, one_chunk
from tests.core.http.raw_server import OK, WAIT_S, RawServer, answers, read_all


async def test_nobody_listening_is_a_failed_connect(raw: RawServer, client: PooledClient) -> None:
    address = await raw.start(answers(raw, OK))
    await raw.stop()
    with pytest.raises(ConnectFailed, match=f"127.0.0.1:{raw.port}: Connect"):
        await client.fetch(address, Request("GET", "/"))


async def test_a_missing_unix_socket_is_a_failed_connect(client: PooledClient) -> None:
    with pytest.raises(ConnectFailed, match="no-such-socket"):
        await client.fetch("no-such-socket", Request("GET", "/"))


async def stale_once(raw: RawServer, client: PooledClient, method: str) -> tuple[str, int]:
    """Leave an idle connection that the server closes when its next request comes."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await raw.head(reader)
        writer.write(OK)
        await raw.head(reader)
        if raw.connections > 1:
            writer.write(OK)

    address = await raw.start(script)
    assert await read_all(await client.fetch(address, Request(method, "/"))) == b"ok"
    assert client.idle_connections(address) == 1
    return address


async def test_a_stale_connection_is_replaced_once_for_an_idempotent_request(
    raw: RawServer, client: PooledClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "REPEAT_AFTER_IDLE_S", 0.0)
    monkeypatch.setattr(client_module, "REPEAT_WITHIN_S", 3600.0)
    address = await stale_once(raw, client, "GET")
    assert await read_all(await client.fetch(address, Request("GET", "/again"))) == b"ok"
    assert raw.connections == 2


@pytest.mark.parametrize(
    ("after_idle_s", "within_s"), [(3600.0, 3600.0), (0.0, -1.0)], ids=["just used", "lost late"]
)
async def test_a_server_that_died_of_the_request_does_not_get_it_again(
    raw: RawServer,
    client: PooledClient,
    monkeypatch: pytest.MonkeyPatch,
    after_idle_s: float,
    within_s: float,
) -> None:
    monkeypatch.setattr(client_module, "REPEAT_AFTER_IDLE_S", after_idle_s)
    monkeypatch.setattr(client_module, "REPEAT_WITHIN_S", within_s)
    address = await stale_once(raw, client, "GET")
    with pytest.raises(ConnectionLost):
        await client.fetch(address, Request("GET", "/again"))
    assert raw.connections == 1


async def test_a_request_that_a_busy_server_died_of_is_not_sent_again(
    raw: RawServer, client: PooledClient
) -> None:
    address = await stale_once(raw, client, "GET")
    with pytest.raises(ConnectionLost):
        await client.fetch(address, Request("GET", "/again"))
    assert raw.connections == 1


@pytest.mark.parametrize(("method", "body"), [("POST", None), ("PUT", b"abc")])
async def test_a_request_that_may_have_been_carried_out_is_not_repeated(
    raw: RawServer,
    client: PooledClient,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    body: bytes | None,
) -> None:
    monkeypatch.setattr(client_module, "REPEAT_AFTER_IDLE_S", 0.0)
    monkeypatch.setattr(client_module, "REPEAT_WITHIN_S", 3600.0)
    address = await stale_once(raw, client, "GET")
    with pytest.raises(ConnectionLost):
        await client.fetch(address, Request(method, "/", [], one_chunk(body) if body else None))
    assert raw.connections == 1


async def test_an_idle_connection_that_the_server_closes_leaves_the_pool(
    raw: RawServer, client: PooledClient
) -> None:
    address = await raw.start(answers(raw, OK, close=True))
    for number in (1, 2, 3):
        assert await read_all(await client.fetch(address, Request("POST", "/"))) == b"ok"
        async with asyncio.timeout(WAIT_S):
            await raw.closed.wait()
            while client.idle_connections(address):
                await asyncio.sleep(0)
        raw.closed.clear()
        assert raw.connections == number


async def test_the_pool_keeps_no_more_than_its_limit(raw: RawServer) -> None:
    client = PooledClient(idle_limit=2)
    address = await raw.start(answers(raw, OK))
    responses = await asyncio.gather(*(client.fetch(address, Request("GET", "/")) for _ in range(5)))
    for response in responses:
        await read_all(response)
    assert client.idle_connections(address) == 2
    await client.close()


async def test_idle_connections_are_closed_after_their_time(raw: RawServer) -> None:
    client = PooledClient(idle_s=0.01)
    address = await raw.start(answers(raw, OK))
    await read_all(await client.fetch(address, Request("GET", "/")))
    async with asyncio.timeout(WAIT_S):
        await raw.closed.wait()
    assert client.idle_connections(address) == 0
    await client.close()


async def test_cancelling_closes_the_connection(raw: RawServer, client: PooledClient) -> None:
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await raw.head(reader)
        asked.set()
        await reader.read()

    address = await raw.start(silent)
    fetch = asyncio.create_task(client.fetch(address, Request("GET", "/")))
    async with asyncio.timeout(WAIT_S):
        await asked.wait()
        fetch.cancel()
        await raw.closed.wait()
    with pytest.raises(asyncio.CancelledError):
        await fetch


async def test_closing_an_unread_response_closes_its_connection(raw: RawServer, client: PooledClient) -> None:
    address = await raw.start(answers(raw, b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nabc"))
    response = await client.fetch(address, Request("GET", "/"))
    assert response.close is not None
    await response.close()
    await response.close()
    async with asyncio.timeout(WAIT_S):
        await raw.closed.wait()


async def test_closing_a_read_response_keeps_its_connection(raw: RawServer, client: PooledClient) -> None:
    address = await raw.start(answers(raw, OK))
    response = await client.fetch(address, Request("GET", "/"))
    assert response.close is not None
    await read_all(response)
    await response.close()
    assert client.idle_connections(address) == 1


async def test_a_closed_client_makes_no_connections(raw: RawServer) -> None:
    address = await raw.start(answers(raw, OK))
    client = PooledClient()
    await client.close()
    with pytest.raises(ConnectFailed, match="closed"):
        await client.fetch(address, Request("GET", "/"))
