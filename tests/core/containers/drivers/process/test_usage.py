"""Memory and CPU of groups: both readers see the same, and see all of a group."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from core.containers.drivers.process.usage import GroupReader, PortableReader, make_reader

_MIB = 1024 * 1024
_FAMILY = """
import subprocess, sys
held = bytearray(50 * 2**20)
sum(range(3_000_000))
code = "held = bytearray(30 * 2**20); print(1, flush=True); input()"
subprocess.run([sys.executable, "-c", code])
"""


@pytest.fixture
def leader() -> Iterator[int]:
    family = subprocess.Popen(
        [sys.executable, "-c", _FAMILY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert family.stdout is not None
    family.stdout.readline()
    yield family.pid
    family.communicate(b"\n")


@pytest.mark.parametrize("reader", [make_reader(), PortableReader()], ids=["system", "portable"])
def test_a_group_is_its_leader_and_all_that_it_started(reader: GroupReader, leader: int) -> None:
    reader.add(leader)
    usage = reader.read()[leader]
    assert len(usage.members) == 2
    assert usage.members[0] == leader
    assert 80 * _MIB < usage.anonymous_bytes <= usage.memory_bytes < 160 * _MIB
    assert usage.cpu_s > 0.0


def test_a_group_that_is_not_followed_any_more_is_not_read(leader: int) -> None:
    reader = make_reader()
    reader.add(leader)
    reader.read()
    reader.discard(leader)
    assert reader.read() == {}


def test_a_leader_that_is_gone_uses_nothing() -> None:
    reader = make_reader()
    gone = subprocess.Popen(["true"])
    gone.wait()
    reader.add(gone.pid)
    assert reader.read()[gone.pid].memory_bytes == 0
