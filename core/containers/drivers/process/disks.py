"""The disk of a local process: a folder of its own for temporary files, lost with it.

A container's whole file system is its own; a local process has this machine's. What it writes to the
folder that the variable TMPDIR names is its own, is measured and goes with it; what it writes anywhere
else (its working folder, its home) stays, and is not counted.
"""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from core.runs import process_lives, state_folder, state_root

VARIABLE = "TMPDIR"
_FOLDER = "disks"


def make_disk(deployment: str, region: str, instance: str, owner: tuple[int, float]) -> Path:
    """Make an empty disk for an instance, named after its owner: an engine's process and its start."""
    folder = state_folder(deployment) / _place(region, owner)
    folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{instance}-", dir=folder))


def used_bytes(disk: Path) -> int:
    """Return the sizes of all files on the disk, one with several names counted once.

    So does the Docker Engine with a writable layer. A file that goes meanwhile is left out.
    """
    counted: set[tuple[int, int]] = set()
    total = 0
    for folder, _, names in os.walk(disk):
        for name in names:
            with suppress(OSError):
                found = os.lstat(os.path.join(folder, name))
                if (found.st_dev, found.st_ino) not in counted:
                    counted.add((found.st_dev, found.st_ino))
                    total += found.st_size
    return total


def remove_disk(disk: Path) -> None:
    """Remove a disk with all that is on it; no error when it is gone."""
    shutil.rmtree(disk, ignore_errors=True)


def remove_own_disks(deployment: str, region: str, owner: tuple[int, float]) -> None:
    """Remove what is left of an owner's disks in a region."""
    remove_disk(state_root() / deployment / _place(region, owner))


def remove_dead_disks(deployment: str, region: str) -> list[str]:
    """Remove the disks in a region whose engine is no more; return the names of their instances."""
    removed: list[str] = []
    for folder in (state_root() / deployment / _FOLDER / region).glob("*-*"):
        pid, _, started_s = folder.name.partition("-")
        with suppress(ValueError):
            if not process_lives(int(pid), float(started_s)):
                removed += sorted(disk.name.rpartition("-")[0] for disk in folder.iterdir())
                remove_disk(folder)
    return removed


def remove_all_disks(deployment: str) -> None:
    """Remove every disk of the deployment, whosever it is."""
    remove_disk(state_root() / deployment / _FOLDER)


def _place(region: str, owner: tuple[int, float]) -> Path:
    pid, started_s = owner
    return Path(_FOLDER, region, f"{pid}-{started_s:.2f}")
