"""When a port answers."""

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.containers.drivers.docker.probe import pace_s, wait_for_port


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@given(st.floats(0, 1e6))
def test_two_tries_are_never_as_far_apart_as_a_port_may_go_unnoticed(waited_s: float) -> None:
    assert 0 < pace_s(waited_s) < 0.01


async def test_a_port_that_opens_later_is_noticed() -> None:
    port = free_port()
    waiting = asyncio.ensure_future(wait_for_port("127.0.0.1", port, first_byte=False))
    await asyncio.sleep(0)
    assert not waiting.done()
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    await asyncio.wait_for(waiting, 20)
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("first_byte", [True, False])
async def test_a_connection_that_closes_without_a_byte_counts_only_where_nobody_stands_before_it(
    first_byte: bool,
) -> None:
    opened = 0
    twice = asyncio.Event()

    async def lie_at_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        if opened > 2:
            writer.write(b"HTTP/1.1 200 OK\r\n")
            await writer.drain()
            twice.set()
        writer.close()

    server = await asyncio.start_server(lie_at_first, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.wait_for(wait_for_port("127.0.0.1", port, first_byte=first_byte), 20)
    assert twice.is_set() == first_byte
    server.close()
    await server.wait_closed()
