"""What a silent program listens on instead."""

import socket
from pathlib import Path

import pytest

from core.containers.drivers.docker.silence import listening_ports, silence_reason

HEAD = "  sl  local_address rem_address   st\n"
TABLES = {
    "tcp": HEAD
    + "   0: 0100007F:1F90 00000000:0000 0A\n"
    + "   1: 00000000:1388 00000000:0000 0A\n"
    + "   2: 0B00007F:9C41 00000000:0000 0A\n"
    + "   3: 0200A8C0:A001 0100A8C0:01BB 01\n",
    "tcp6": HEAD
    + f"   0: {'0' * 24}01000000:1F91 {'0' * 32}:0000 0A\n"
    + f"   1: {'0' * 32}:1389 {'0' * 32}:0000 0A\n",
}


def test_open_ports_are_read_with_whether_they_are_on_loopback_only(tmp_path: Path) -> None:
    folder = tmp_path / "77" / "net"
    folder.mkdir(parents=True)
    for name, text in TABLES.items():
        (folder / name).write_text(text)
    found = listening_ports(77, tmp_path)
    assert found == [(False, 5000), (False, 5001), (True, 8080), (True, 8081)]


def test_without_the_kernels_tables_nothing_is_known(tmp_path: Path) -> None:
    assert listening_ports(77, tmp_path) == []


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="the kernel's tables are Linux's own")
def test_a_port_of_this_very_process_is_found() -> None:
    import os

    with socket.create_server(("127.0.0.1", 0)) as server:
        assert (True, server.getsockname()[1]) in listening_ports(os.getpid())


@pytest.mark.parametrize(
    ("listening", "reason", "advice"),
    [
        ([(True, 8080)], "on 127.0.0.1 only", "0.0.0.0"),
        ([(False, 5000)], "on port 5000", "port = 5000"),
        ([(False, 1), (False, 2)], "on port 1, 2", "PORT"),
        ([], "on no port", "ready_timeout"),
    ],
)
def test_the_reason_says_what_to_change(listening: list[tuple[bool, int]], reason: str, advice: str) -> None:
    said, what_to_do = silence_reason(8080, 20.0, listening)
    assert "nothing answered on port 8080 within 20 s" in said
    assert reason in said
    assert advice in what_to_do
