"""Notices when the files of a Worker's code change."""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path

from watchfiles import awatch

_CODE = (".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".wasm")
_IMPORTED = (".json", ".jsonc", ".toml", ".txt", ".html", ".css", ".sql", ".md", ".bin")
SUFFIXES = frozenset(_CODE + _IMPORTED)
IGNORED_FOLDERS = frozenset(("node_modules", "__pycache__"))
"""Beside these, everything hidden: state folders, .git, editors' own files."""
DEBOUNCE_MS = 50
STEP_MS = 20
CHECK_MS = 1000
"""How often to see whether the folder itself is still the same."""
GONE_LOOK_S = 0.2

_State = tuple[int, int, int]


async def changes(main: Path) -> AsyncGenerator[tuple[Path, ...], None]:
    """Yield the files of code that were written, added or removed below the folder of ``main``, for ever.

    Works by comparing what is there with what was: files that an editor replaces, folders that come
    and go, and a folder of the Worker that is moved away and back are all just differences.
    """
    folder = _folder_of(main)
    before = _states(folder)
    while True:
        async with aclosing(_stirrings(folder)) as stirrings:
            async for _ in stirrings:
                now = _states(folder)
                changed = {path for path, _ in before.items() ^ now.items()}
                before = now
                if changed:
                    yield tuple(Path(one) for one in sorted(changed))


async def _stirrings(folder: Path) -> AsyncGenerator[None, None]:
    """Yield whenever something may have changed; end when other folders must be watched than before."""
    folders = list(_folders(folder))
    while not folders:
        await asyncio.sleep(GONE_LOOK_S)
        folders = list(_folders(folder))
    identity = _identity(folder)
    watching = awatch(
        *folders,
        watch_filter=None,
        debounce=DEBOUNCE_MS,
        step=STEP_MS,
        rust_timeout=CHECK_MS,
        yield_on_timeout=True,
        recursive=False,
        ignore_permission_denied=True,
    )
    try:
        # What changed between the last look and the start of watching would stay unseen otherwise.
        yield
        async for found in watching:
            if found:
                yield
            if _identity(folder) != identity or (found and list(_folders(folder)) != folders):
                return
    except FileNotFoundError:
        return  # a folder went away while it was about to be watched
    finally:
        await watching.aclose()


def _folder_of(main: Path) -> Path:
    return main.absolute().parent


def _folders(folder: Path) -> Iterator[str]:
    """Yield the folder and those below it that may hold code."""
    for path, names, _ in os.walk(folder):
        names[:] = sorted(one for one in names if one not in IGNORED_FOLDERS and not one.startswith("."))
        yield path


def _states(folder: Path) -> dict[str, _State]:
    """Return each file of code with what changes when it is written."""
    found: dict[str, _State] = {}
    for path in _folders(folder):
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    if Path(entry.name).suffix in SUFFIXES and not entry.name.startswith("."):
                        status = entry.stat()
                        found[entry.path] = (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError:
            continue  # went away in this moment
    return found


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
