"""The gateway: only well-formed calls of bindings get through, and private fields stay private."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.http.client import PooledClient
from core.http.messages import Headers, Request, find_header
from core.worker.gateway import Gateway
from core.worker.private_fields import (
    BINDING,
    FAILED,
    INSTANCE,
    OPERATION,
    PORT,
    SCHEME,
    SUB_REQUEST,
    TRACE_ID,
)
from core.worker.runtime import CallRefused, SubRequest
from tests.core.worker.conftest import Containers


@pytest.fixture
async def path(tmp_path: Path, containers: Containers) -> AsyncIterator[str]:
    gateway = Gateway(tmp_path / "g", containers.fetch)
    await gateway.start()
    yield str(tmp_path / "g")
    await gateway.stop()


@pytest.fixture
async def client() -> AsyncIterator[PooledClient]:
    pooled = PooledClient()
    yield pooled
    await pooled.close()


CALL: Headers = [(TRACE_ID, b"t1"), (SUB_REQUEST, b"3"), (BINDING, b"APP"), (b"host", b"app")]


async def test_a_call_reaches_the_engine_without_its_private_fields(
    path: str, client: PooledClient, containers: Containers
) -> None:
    response = await client.fetch(path, Request("GET", "/x", CALL))
    assert response.status == 200
    assert containers.calls[0][0] == SubRequest("t1", 3, "APP")
    assert containers.calls[0][1].headers == [(b"host", b"app")]


async def test_a_call_names_instance_port_and_operation(
    path: str, client: PooledClient, containers: Containers
) -> None:
    more: Headers = [(INSTANCE, b"an%2Fna%20%C3%BC"), (PORT, b"9000"), (OPERATION, b"state")]
    await client.fetch(path, Request("POST", "/", [*CALL, *more]))
    assert containers.calls[0][0] == SubRequest("t1", 3, "APP", "an/na ü", 9000, "state")


async def test_a_port_is_a_number(path: str, client: PooledClient, containers: Containers) -> None:
    response = await client.fetch(path, Request("GET", "/x", [*CALL, (PORT, b"x")]))
    assert (response.status, containers.calls) == (400, [])


async def test_a_fetch_to_the_outside_has_its_whole_url(
    path: str, client: PooledClient, containers: Containers
) -> None:
    outside: Headers = [(TRACE_ID, b"t1"), (SUB_REQUEST, b"1"), (BINDING, b""), (SCHEME, b"https")]
    await client.fetch(path, Request("GET", "/x?y", [*outside, (b"host", b"example.com:8443")]))
    assert containers.calls[0][1].target == "https://example.com:8443/x?y"


async def test_a_refusal_is_told_in_its_own_words(
    path: str, client: PooledClient, containers: Containers
) -> None:
    async def refuse(*_: object) -> None:
        raise CallRefused("not from here")

    containers.answer = refuse  # type: ignore[assignment]
    response = await client.fetch(path, Request("GET", "/x", CALL))
    assert find_header(response.headers, FAILED) is not None
    assert response.body is not None
    assert [data async for data in response.body] == [b"not from here"]


@pytest.mark.parametrize("missing", [TRACE_ID, SUB_REQUEST, BINDING])
async def test_anything_else_is_refused(
    path: str, client: PooledClient, containers: Containers, missing: bytes
) -> None:
    headers = [field for field in CALL if field[0] != missing]
    response = await client.fetch(path, Request("GET", "/x", headers))
    assert response.status == 400
    assert containers.calls == []


async def test_a_failure_of_the_engine_is_marked(
    path: str, client: PooledClient, containers: Containers
) -> None:
    async def fail(*_: object) -> None:
        raise LookupError("no such binding")

    containers.answer = fail  # type: ignore[assignment]
    response = await client.fetch(path, Request("GET", "/x", CALL))
    assert find_header(response.headers, FAILED) is not None
    assert response.body is not None
    assert [data async for data in response.body] == [b"LookupError: no such binding"]
