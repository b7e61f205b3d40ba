"""The sandbox's program: the smallest that waits, for each processor that it is written for."""

import os
import platform
import signal
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import psutil
import pytest

from core.containers.drivers.docker.pause_image import image_tar, is_known


def test_the_image_is_one_small_program_and_the_same_each_time() -> None:
    data = image_tar("x86_64")
    assert data == image_tar("x86_64")
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        [program] = archive.getmembers()
    assert program.mode & 0o111
    assert program.size < 200


@pytest.mark.parametrize(("architecture", "machine"), [("x86_64", 62), ("aarch64", 183)])
def test_the_program_is_marked_for_its_processor(architecture: str, machine: int) -> None:
    with tarfile.open(fileobj=BytesIO(image_tar(architecture))) as archive:
        program = archive.extractfile("pause")
        assert program is not None
        content = program.read()
    assert content[:5] == b"\x7fELF\x02"
    assert int.from_bytes(content[18:20], "little") == machine
    begin = int.from_bytes(content[24:32], "little") - 0x400000
    assert 0 < begin < len(content)
    assert (len(content) - begin) % (4 if architecture == "aarch64" else 1) == 0


def test_other_processors_are_not_known() -> None:
    assert is_known("x86_64")
    assert not is_known("riscv64")


def test_the_program_waits_without_work_until_it_is_ended(tmp_path: Path) -> None:
    if platform.system() != "Linux" or not is_known(platform.machine()):
        pytest.skip("the program is for Linux on x86_64 and aarch64")
    with tarfile.open(fileobj=BytesIO(image_tar(platform.machine()))) as archive:
        archive.extract("pause", tmp_path)
    os.chmod(tmp_path / "pause", 0o755)
    with subprocess.Popen([str(tmp_path / "pause")]) as program:
        process = psutil.Process(program.pid)
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(0.2)
        assert sum(process.cpu_times()[:2]) <= 0.01
        program.send_signal(signal.SIGTERM)
        assert program.wait(10) == -signal.SIGTERM
