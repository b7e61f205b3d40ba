"""The probe: a stranger at the port, and a program that fails behind it."""

import socket
from pathlib import Path

import pytest

from core.containers.drivers.process.child import Child, spawn
from core.containers.drivers.process.command import make_command
from core.containers.drivers.process.ports import HOST
from core.containers.drivers.process.probe import wait_until_listening
from core.containers.drivers.process.usage import GroupReader, make_reader
from core.containers.drivers.protocol import InstancePlan, StartFailed
from tests.core.containers.drivers.process import programs
from tests.core.containers.rig import deployment


async def _started(command: list[str], port: int, folder: Path) -> tuple[Child, GroupReader]:
    plan = InstancePlan("app-1", deployment(command=command).containers[0], "us-east", folder)
    child = await spawn(plan, port, make_command(plan, "shop", port, {"PATH": "/usr/bin:/bin"}, {}), ())
    reader = make_reader()
    reader.add(child.pid)
    return child, reader


async def test_a_stranger_at_the_port_does_not_pass_for_a_program_that_fails_there(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as stranger:
        child, reader = await _started(programs.server(), stranger.getsockname()[1], tmp_path)
        with pytest.raises(StartFailed) as failed:
            await wait_until_listening(child, reader)
    assert failed.value.exit_code == 1
    assert "Address already in use" in failed.value.reason


async def test_a_program_whose_worker_listens_is_found_listening(tmp_path: Path) -> None:
    port = _free_port()
    code = programs.server()[2]
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"
    child, reader = await _started(programs.python(parent), port, tmp_path)
    await wait_until_listening(child, reader)
    with socket.create_connection((HOST, port)) as connection:
        assert connection.getpeername()[1] == port
    child.kill()
    assert await child.until_ended(10)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])
