"""Who listens on a port."""

import os
import socket
import subprocess
import sys

import psutil
import pytest

from core.containers.drivers.process import listening
from core.containers.drivers.process.listening import listens


@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_the_process_that_listens_is_told_from_one_that_does_not(
    address: str, portable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if portable:
        monkeypatch.setattr(
            listening, "listens", lambda pids, port: listening._listens_portably(pids[0], port)
        )
    with subprocess.Popen(["sleep", "60"]) as other, socket.create_server((address, 0)) as server:
        port = server.getsockname()[1]
        assert listening.listens([os.getpid()], port)
        assert not listening.listens([other.pid], port)
        with socket.create_connection(("127.0.0.1", port)) as client:
            assert not listening.listens([os.getpid()], client.getsockname()[1])
        other.kill()


def test_a_listener_on_all_addresses_of_both_families_is_found() -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        assert listens([os.getpid()], server.getsockname()[1])


def test_one_of_several_processes_is_enough_and_one_that_is_gone_is_none() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not psutil.pid_exists(gone.pid)
        assert not listens([gone.pid], port)
        assert listens([gone.pid, os.getpid()], port)
