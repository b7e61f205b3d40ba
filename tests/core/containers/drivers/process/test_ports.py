"""Ports: free, given once, and out of the way of outgoing connections."""

import socket

from core.containers.drivers.process.ports import HOST, Ports


def test_no_port_is_given_twice_until_it_is_given_back() -> None:
    ports = Ports()
    given = [ports.take() for _ in range(200)]
    assert len(set(given)) == 200


def test_a_port_can_be_listened_on() -> None:
    with socket.create_server((HOST, Ports().take())) as server:
        assert server.getsockname()[0] == HOST


def test_ports_lie_below_those_of_outgoing_connections() -> None:
    with (
        socket.create_server((HOST, 0)) as server,
        socket.create_connection(server.getsockname()) as outgoing,
    ):
        assert Ports().take() < outgoing.getsockname()[1]
