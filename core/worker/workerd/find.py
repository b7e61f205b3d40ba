"""Where workerd is: in the project's node_modules, or on the PATH."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "HYBRID_TUI_WORKERD"
"""Names a workerd to use instead of looking for one."""
VERSION_TIMEOUT_S = 10.0

_SYSTEMS = {"linux": "linux", "darwin": "darwin", "win32": "windows"}
_MACHINES = {"x86_64": "64", "amd64": "64", "arm64": "arm64", "aarch64": "arm64"}


def find_workerd(folder: Path | None = None) -> Path | None:
    """Return the workerd program for the project in ``folder`` (the current one); None when there is none."""
    for candidate in _candidates((folder or Path()).absolute()):
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    return None


def workerd_version(program: Path) -> str:
    """Return what the program calls itself, such as ``workerd 2026-11-17``; empty when it does not run."""
    try:
        ran = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return ran.stdout.strip()


def _candidates(folder: Path) -> Iterator[Path]:
    named = os.environ.get(VARIABLE)
    if named:
        yield Path(named)
        return
    for place in (folder, *folder.parents):
        modules = place / "node_modules"
        if modules.is_dir():
            yield from _in_modules(modules)
    on_path = shutil.which("workerd")
    if on_path is not None:
        yield from _behind(Path(on_path))


def _in_modules(modules: Path) -> Iterator[Path]:
    yield from _programs(modules)
    link = modules / ".bin" / "workerd"
    if link.exists():
        yield from _behind(link)


def _behind(link: Path) -> Iterator[Path]:
    """The entry that npm makes may be a script of Node; the program itself lies in a package beside it."""
    target = link.resolve()
    for parent in target.parents:
        if parent.name == "node_modules":
            yield from _programs(parent)
    with target.open("rb") as file:
        is_script = file.read(2) == b"#!"
    if not is_script:
        yield target


def _programs(modules: Path) -> Iterator[Path]:
    system = _SYSTEMS.get(sys.platform, sys.platform)
    machine = _MACHINES.get(platform.machine().lower(), platform.machine().lower())
    suffix = ".exe" if sys.platform == "win32" else ""
    yield modules / "@cloudflare" / f"workerd-{system}-{machine}" / "bin" / f"workerd{suffix}"
