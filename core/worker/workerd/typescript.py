"""TypeScript and JSX to JavaScript, by Deno: types go, imports of types too, enums become code."""

import asyncio
import os
import re
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from core.worker.deno.program import find_deno
from core.worker.runtime import WorkerFailed
from core.worker.workerd.source_map import SourceMap, split_inline_map

COMPILED = frozenset({".ts", ".tsx", ".mts", ".cts", ".jsx"})
COMPILE_TIMEOUT_S = 20.0
CACHED_MODULES = 2000
_PLACE = re.compile(r"^\s+at (\S+:\d+:\d+)$", re.MULTILINE)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class NotCompiled(Exception):
    """A module is not valid; the message says where and why."""


def find_deno_if_any() -> Path | None:
    """Return where Deno is; None where workerd must do: it takes types away, and refuses enums and JSX."""
    try:
        return find_deno()
    except WorkerFailed:
        return None


class Compiler:
    """Compiles modules, and remembers them by their text: most saves change one of many."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[Path, tuple[str, str, SourceMap | None]] = {}

    async def compiled(self, file: Path, text: str) -> str:
        """Return the JavaScript of a module. Raises NotCompiled."""
        if file.suffix not in COMPILED:
            return text
        deno = find_deno_if_any()
        if deno is None:
            return text
        known = self._known.get(file)
        if known is None or known[0] != text:
            made, source_map = split_inline_map(await self._run(deno, file))
            if len(self._known) >= CACHED_MODULES:
                self._known.clear()
            known = self._known[file] = (text, made, source_map)
        return known[1]

    def original(self, file: Path, line: int, column: int) -> tuple[int, int]:
        """Return where a position in the compiled module is in its source."""
        source_map = self._known[file][2] if file in self._known else None
        return (line, column) if source_map is None else source_map.original(line, column)

    async def _run(self, deno: Path, file: Path) -> str:
        try:
            process = await asyncio.create_subprocess_exec(
                *(str(deno), "transpile", "--quiet", "--no-config", "--source-map", "inline", str(file)),
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=PIPE,
                env={**os.environ, "NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1"},
            )
        except OSError as error:
            raise NotCompiled(
                f"{file.name}: Deno, which compiles TypeScript, did not start: {error}"
            ) from error
        try:
            async with asyncio.timeout(COMPILE_TIMEOUT_S):
                out, complaint = await process.communicate()
        except BaseException:
            process.kill()
            await process.wait()
            raise
        if process.returncode != 0:
            raise NotCompiled(self._explain(complaint.decode("utf-8", "replace")))
        return out.decode()

    def _explain(self, complaint: str) -> str:
        text = _COLOURS.sub("", complaint).replace(self._folder.as_uri() + "/", "")
        message = text.partition("\n")[0].removeprefix("error: ").strip()
        place = _PLACE.search(text)
        return message if place is None else f"{place[1]}: {message}"
