"""Private folders go away with their engine, or by the next one; those of engines that live stay."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core.worker.link.private import PrivateFolder

LONG_AGO_S = 1_000_000_000.0
KILLED = """
import os, signal
from core.worker.link.private import PrivateFolder
print(PrivateFolder().path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let folders be made in a folder of the test's own, with a short name."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def left_behind() -> Path:
    """Let a process make a folder and be killed."""
    ran = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False)
    return Path(ran.stdout.strip())


def age(path: Path) -> None:
    os.utime(path, (LONG_AGO_S, LONG_AGO_S))


def test_a_folder_is_private_and_goes_away() -> None:
    folder = PrivateFolder()
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    folder.remove()
    folder.remove()
    assert not folder.path.exists()


def test_what_a_killed_engine_left_is_taken_away() -> None:
    left = left_behind()
    assert left.is_dir()
    age(left)
    folder = PrivateFolder()
    folder.sweep_others()
    assert not left.exists()
    assert folder.path.exists()
    folder.remove()


def test_folders_in_use_or_just_made_or_of_others_stay(temporary: Path) -> None:
    used, young, foreign = PrivateFolder(), left_behind(), temporary / "wk-foreign"
    foreign.mkdir()
    (temporary / "wk-link").symlink_to(temporary)
    for path in (used.path, foreign):
        age(path)
    folder = PrivateFolder()
    folder.sweep_others()
    assert used.path.exists()
    assert young.exists()
    assert foreign.exists()
    for one in (used, folder):
        one.remove()
