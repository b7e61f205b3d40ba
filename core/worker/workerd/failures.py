"""What workerd says of errors, in the words of the Worker's author: the project's own paths and lines."""

import re
from collections.abc import Iterable
from urllib.parse import unquote

from core.worker.workerd.modules import BUNDLE, OUTSIDE, OWN, Modules
from core.worker.workerd.typescript import Compiler

_PLACE = re.compile(rf"((?:{BUNDLE}|{OUTSIDE}|{OWN})[^\s:()]*)(?::(\d+)(?::(\d+))?)?")
_FRAME = re.compile(r"^\s*at (?:.*\()?([^\s()]+:\d+:\d+)\)?$", re.MULTILINE)
_COLUMN = re.compile(r"(?<=:)\d+$")
"""workerd counts the columns of syntax errors from 0, those of other errors from 1."""
_OWN_SPECIFIER = re.compile(r' Specifier: "hybrid-tui-entry\.js"\.$')
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_LOAD_FAILURE = re.compile(r"^service main: (?:Uncaught )?(.*)")
_OWN_FRAME = re.compile(rf"^\s+at .*(?:{OWN}|hybrid-tui-entry\.js|node-internal:|cloudflare(?:-internal)?:)")
_FIRST_PLACE = re.compile(r"^([^\n:]+):(\d+):(\d+): ")
CHATTER = re.compile(
    r"service main: The compatibility flag |[\w/+.-]+:\d+: (?:error|warning|info): |stack: (?:\S*workerd@|0x)"
)
"""What workerd tells of itself, not of the Worker: the shim tells that."""


class Places:
    """Turns workerd's module URLs into paths of the project, and compiled lines into source lines."""

    def __init__(self, modules: Modules, compiler: Compiler) -> None:
        self._modules = modules
        self._compiler = compiler

    def readable(self, text: str) -> str:
        """Return a text with the user's places, without frames that are not the user's."""
        lines = [line for line in _COLOURS.sub("", text).split("\n") if not _OWN_FRAME.match(line)]
        return _PLACE.sub(self._place, "\n".join(lines))

    def _place(self, found: re.Match[str]) -> str:
        url, line, column = found[1], found[2], found[3]
        shown = unquote(url.removeprefix(BUNDLE).replace(OUTSIDE, "/").removeprefix(OWN))
        if line is None:
            return shown
        file = self._modules.file_of(url)
        at = (int(line), int(column or 1))
        if file is not None:
            at = self._compiler.original(file, *at)
        return f"{shown}:{at[0]}" + ("" if column is None else f":{at[1]}")


def load_failure(lines: Iterable[str]) -> str:
    """Return what kept a Worker from being loaded, from the lines of workerd's standard error."""
    wanted: list[str] = []
    for line in lines:
        if CHATTER.match(line):
            continue
        found = _LOAD_FAILURE.match(line)
        if found is None and wanted and wanted[0].startswith("SyntaxError: "):
            line = _COLUMN.sub(lambda column: str(int(column[0]) + 1), line)
        wanted.append(found[1] if found else line)
    return "\n".join(wanted).strip()


def on_one_line(failure: str, main: str) -> str:
    """Return a failure with its place first, as ``file:line:column: message``; the file ``main`` for none."""
    message, _, rest = failure.partition("\n")
    place = _FRAME.search(rest)
    return f"{main if place is None else place[1]}: {_OWN_SPECIFIER.sub('', message)}"


def in_words(failure: str) -> str:
    """Return a failure with its place as every runtime tells it: ``file, line 2, column 5: message``."""
    return _FIRST_PLACE.sub(r"\1, line \2, column \3: ", failure, count=1)
