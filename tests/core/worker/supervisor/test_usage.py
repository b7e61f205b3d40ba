"""What a process uses, read from the system."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from core.worker.supervisor.usage import PortableReader, ProcReader, UsageReader, usage_of

READERS = (ProcReader, PortableReader)
HOLD = "import sys; held = bytearray(64 << 20); print('ready', flush=True); sys.stdin.read()"


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == b"ready\n"
        yield one
        one.kill()


@pytest.mark.parametrize("make", READERS)
def test_memory_and_cpu_time_are_what_the_system_says(
    make: type[ProcReader | PortableReader], process: "subprocess.Popen[bytes]"
) -> None:
    reader = make(process.pid)
    usage = reader.read()
    reader.close()
    known = psutil.Process(process.pid)
    assert usage is not None
    assert usage.resident_mib == pytest.approx(known.memory_info().rss / 1024 / 1024, abs=1)
    assert usage.resident_mib > 64
    assert usage.cpu_s == pytest.approx(sum(known.cpu_times()[:2]), abs=0.05)


@pytest.mark.parametrize("make", READERS)
def test_a_process_that_ended_uses_nothing_that_can_be_told(
    make: type[ProcReader | PortableReader], process: "subprocess.Popen[bytes]"
) -> None:
    reader: UsageReader = make(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert reader.read() is None
    process.wait()
    assert reader.read() is None
    reader.close()
    assert make(process.pid).read() is None


def test_there_is_a_reader_on_this_system() -> None:
    reader = usage_of(os.getpid())
    assert reader.read() is not None
    reader.close()
