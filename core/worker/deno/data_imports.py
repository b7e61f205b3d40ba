"""Which imports a module's text holds, as far as data files are concerned: by its text, not by parsing it.

What only looks like an import, as in a comment, does no harm; one that is missed, Deno tells.
"""

import re
from dataclasses import dataclass

_IMPORT = re.compile(
    r"(?:from|import(\s*\(\s*)?)\s*([\"'`])([^\"'`\\\n$]+)\2(\s*(?:with|assert)\s*\{|\s*,\s*\{)?",
)
_NAMES_BEFORE = re.compile(r"(?:\}|\*|\*\s*as\s+[\w$]+)\s*$")
_SOURCE_BEFORE = re.compile(r"\bimport\s+source\s+[\w$]+\s*$")
_LOOK_BACK = 200
"""Characters before ``from`` that tell how the import names what it takes."""


@dataclass(frozen=True, slots=True)
class Import:
    """An import as written. ``typed``: it says itself what it imports, as in ``with { type: "json" }``."""

    name: str
    typed: bool = False
    by_names: bool = False
    """It takes more than the default export, or all of them."""


def imports_of(text: str) -> tuple[Import, ...]:
    """Return the imports whose names stand in the text: static, re-exported, and ``import("…")``."""
    return tuple(
        _import(found, text[max(0, found.start() - _LOOK_BACK) : found.start()])
        for found in _IMPORT.finditer(text)
        if not _goes_on(text, found.start())
    )


def _import(found: "re.Match[str]", before: str) -> Import:
    call, _, name, own = found.groups()
    by_names = call is not None or _NAMES_BEFORE.search(before) is not None
    return Import(name, own is not None or _SOURCE_BEFORE.search(before) is not None, by_names)


def _goes_on(text: str, start: int) -> bool:
    """Say whether the word is the end of a longer one."""
    before = text[start - 1] if start else " "
    return before.isalnum() or before in "_$."
