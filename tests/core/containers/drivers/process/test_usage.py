"""Memory and CPU of groups: both readers see the same, and see all of a group."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import psutil
import pytest

from core.containers.drivers.process.usage import GroupReader, PortableReader, ProcReader, make_reader

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


LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
READERS = [
    pytest.param(make_reader, id="system"),
    pytest.param(lambda: ProcReader(most_open=0), id="nothing-open", marks=LINUX),
    pytest.param(PortableReader, id="portable"),
]


@pytest.mark.parametrize("make", READERS)
def test_a_group_is_its_leader_and_all_that_it_started(make: Callable[[], GroupReader], leader: int) -> None:
    reader = make()
    reader.add(leader)
    assert reader.read_memory()[leader].memory_bytes > 80 * _MIB
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


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@LINUX
def test_files_stay_open_from_one_reading_to_the_next_and_are_closed_with_the_group(leader: int) -> None:
    before, reader = open_files(), ProcReader()
    reader.add(leader)
    reader.read()
    assert open_files() == before + 4
    reader.read()
    assert open_files() == before + 4
    reader.discard(leader)
    assert open_files() == before


@LINUX
def test_a_member_that_ended_is_read_no_longer_and_its_files_are_closed(leader: int) -> None:
    before, reader = open_files(), ProcReader()
    reader.add(leader)
    _, member = reader.read()[leader].members
    os.kill(member, signal.SIGKILL)
    psutil.Process(leader).wait(10)
    usage = reader.read()[leader]
    assert usage.members in ([], [leader])  # The leader ends with it, and is buried by this process.
    assert open_files() <= before + 2
    reader.discard(leader)
    assert open_files() == before
