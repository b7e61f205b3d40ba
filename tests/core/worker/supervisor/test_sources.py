"""Changes of a Worker's code, seen on a real disk."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from core.worker.supervisor.sources import changes


class Seen:
    """What ``changes`` has told so far."""

    def __init__(self, main: Path) -> None:
        self.paths: set[Path] = set()
        self._main = main
        self._came = asyncio.Event()

    async def watch(self) -> None:
        async with aclosing(changes(self._main)) as found:
            async for paths in found:
                self.paths.update(paths)
                self._came.set()

    async def wait_for(self, *paths: Path) -> None:
        async with asyncio.timeout(20):
            while not self.paths >= set(paths):
                self._came.clear()
                await self._came.wait()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "index.ts").write_text("1")
    return folder


@pytest.fixture
async def seen(folder: Path) -> AsyncIterator[Seen]:
    """Watch, and be sure that watching has begun."""
    seen = Seen(folder / "src" / "index.ts")
    task = asyncio.create_task(seen.watch())
    first = folder / "src" / "first.ts"
    async with asyncio.timeout(20):
        while first not in seen.paths:
            first.write_text(f"{first.stat().st_size if first.exists() else 0} ")
            await asyncio.sleep(0.02)
    yield seen
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_file_that_is_written_is_told(folder: Path, seen: Seen) -> None:
    main = folder / "src" / "index.ts"
    main.write_text("22")
    await seen.wait_for(main)


async def test_a_file_that_an_editor_replaces_is_told_each_time(folder: Path, seen: Seen) -> None:
    main = folder / "src" / "index.ts"
    for text in ("22", "333"):
        seen.paths.clear()
        new = folder / "src" / ".index.ts.swp"
        new.write_text(text)
        os.replace(new, main)
        await seen.wait_for(main)
        assert not any(path.name.startswith(".") for path in seen.paths)


async def test_a_new_folder_is_watched_too(folder: Path, seen: Seen) -> None:
    deep = folder / "src" / "lib" / "deep"
    deep.mkdir(parents=True)
    (deep / "one.js").write_text("1")
    await seen.wait_for(deep / "one.js")
    (deep / "two.js").write_text("1")
    await seen.wait_for(deep / "two.js")


async def test_a_folder_that_goes_away_and_comes_back_is_still_watched(folder: Path, seen: Seen) -> None:
    main = folder / "src" / "index.ts"
    shutil.rmtree(folder / "src")
    await seen.wait_for(main)
    (folder / "src").mkdir()
    main.write_text("back")
    seen.paths.clear()
    await seen.wait_for(main)
    seen.paths.clear()
    main.write_text("and again")
    await seen.wait_for(main)


async def test_what_is_no_code_is_not_told(folder: Path, seen: Seen) -> None:
    source = folder / "src"
    for name in ("node_modules", ".git", "__pycache__", ".wrangler"):
        (source / name).mkdir()
        (source / name / "other.js").write_text("1")
    (source / "data.sqlite").write_text("1")
    (source / "last.ts").write_text("1")
    await seen.wait_for(source / "last.ts")
    assert {path.name for path in seen.paths} == {"first.ts", "last.ts"}
