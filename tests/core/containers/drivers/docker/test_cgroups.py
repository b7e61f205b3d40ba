"""The kernel's own figures, as both versions of control groups write them."""

import os
import sys
from pathlib import Path

import pytest

from core.containers.drivers.docker.cgroups import Reading, open_reader, reading_v1, reading_v2

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="control groups are of Linux")
ID = "8f1d" * 16
STAT_V1 = b"cache 900\nrss 50\ninactive_file 11\ntotal_cache 900\ntotal_rss 400\ntotal_inactive_file 300\n"
STAT_V2 = b"anon 400\nfile 900\ninactive_file 300\nactive_file 600\n"
CPU_V2 = b"usage_usec 2500000\nuser_usec 1\nsystem_usec 2\n"


def test_memory_is_used_memory_without_inactive_file_cache() -> None:
    assert reading_v1(b"1300\n", STAT_V1, b"2500000000\n") == Reading(1000, 400, 2.5)
    assert reading_v2(b"1300\n", STAT_V2, CPU_V2) == Reading(1000, 400, 2.5)


def test_more_cache_than_used_memory_is_not_taken_off() -> None:
    assert reading_v2(b"200\n", STAT_V2, CPU_V2).memory_bytes == 200


def write_v1(root: Path, proc: Path, path: str) -> None:
    for controller, files in {
        "memory": {"memory.usage_in_bytes": b"1300\n", "memory.stat": STAT_V1},
        "cpuacct": {"cpuacct.usage": b"2500000000\n"},
    }.items():
        folder = root / controller / path
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    text = f"9:memory:/{path}\n4:cpu,cpuacct:/{path}\n0::/\n"
    (proc / "77").mkdir(parents=True)
    (proc / "77" / "cgroup").write_text(text)


def write_v2(root: Path, proc: Path, path: str) -> None:
    folder = root / path
    folder.mkdir(parents=True)
    (folder / "memory.current").write_bytes(b"1300\n")
    (folder / "memory.stat").write_bytes(STAT_V2)
    (folder / "cpu.stat").write_bytes(CPU_V2)
    (proc / "77").mkdir(parents=True)
    (proc / "77" / "cgroup").write_text(f"0::/{path}\n")


@pytest.mark.parametrize("write", [write_v1, write_v2])
@pytest.mark.parametrize("path", [f"docker/{ID}", f"system.slice/docker-{ID}.scope"])
def test_a_containers_group_is_found_by_its_first_process(tmp_path: Path, write: object, path: str) -> None:
    root, proc = tmp_path / "cgroup", tmp_path / "proc"
    assert callable(write)
    write(root, proc, path)
    reader = open_reader(77, ID, root, proc)
    assert reader is not None
    assert reader.read() == Reading(1000, 400, 2.5)
    reader.close()
    assert reader.read() is None


def test_a_process_of_another_container_is_not_taken_for_it(tmp_path: Path) -> None:
    root, proc = tmp_path / "cgroup", tmp_path / "proc"
    write_v2(root, proc, "docker/another")
    assert open_reader(77, ID, root, proc) is None


def test_what_cannot_be_read_here_gives_no_reader(tmp_path: Path) -> None:
    assert open_reader(77, ID, tmp_path, tmp_path) is None
    (tmp_path / "77").mkdir()
    (tmp_path / "77" / "cgroup").write_text(f"0::/docker/{ID}\n")
    assert open_reader(77, ID, tmp_path, tmp_path) is None


@pytest.mark.parametrize(
    ("write", "usage"),
    [(write_v1, f"memory/docker/{ID}/memory.usage_in_bytes"), (write_v2, f"docker/{ID}/memory.current")],
)
def test_a_reading_is_of_now_though_the_files_stay_open(tmp_path: Path, write: object, usage: str) -> None:
    root, proc = tmp_path / "cgroup", tmp_path / "proc"
    assert callable(write)
    write(root, proc, f"docker/{ID}")
    reader = open_reader(77, ID, root, proc)
    assert reader is not None
    opened = len(os.listdir("/proc/self/fd"))
    for used in (2300, 900):
        (root / usage).write_bytes(b"%d\n" % used)
        assert reader.read() == Reading(used - 300, 400, 2.5)
        assert len(os.listdir("/proc/self/fd")) == opened
    reader.close()
    assert len(os.listdir("/proc/self/fd")) == opened - 3


def test_a_group_that_lost_a_file_gives_no_reader_and_leaves_none_open(tmp_path: Path) -> None:
    root, proc = tmp_path / "cgroup", tmp_path / "proc"
    write_v2(root, proc, f"docker/{ID}")
    (root / f"docker/{ID}/cpu.stat").unlink()
    opened = len(os.listdir("/proc/self/fd"))
    assert open_reader(77, ID, root, proc) is None
    assert len(os.listdir("/proc/self/fd")) == opened
