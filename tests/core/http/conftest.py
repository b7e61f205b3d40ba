"""Both event loops that the engine may run on, and the client that most tests use."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from core.http.client import PooledClient
from tests.core.http.raw_server import RawServer


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every test of this folder on the standard loop and on uvloop."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def client() -> AsyncIterator[PooledClient]:
    pooled = PooledClient()
    yield pooled
    await pooled.close()


@pytest.fixture
async def raw() -> AsyncIterator[RawServer]:
    server = RawServer()
    yield server
    await server.stop()
