"""What is wrong with a declaration, and how a person reads it: file, line, key, what is allowed."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from core.model.deployment import Deployment

KeyPath = tuple[str | int, ...]
"""The way to a value: keys, and places in lists counted from 0, such as ("regions", 0, "city")."""


class Mistake(NamedTuple):
    """One thing that is wrong. ``message`` says what is wrong and what is allowed."""

    path: KeyPath
    message: str
    nearest: str = ""
    """The valid spelling that comes nearest to what was written; empty when none does."""


Check = Callable[["Deployment"], Iterable[Mistake]]
"""Looks for mistakes in a deployment whose values are each valid by themselves."""


class ConfigError(Exception):
    """A declaration cannot be used. The text lists every mistake, one a line, each with its place."""

    def __init__(self, file: Path, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.file = file
        self.lines = tuple(lines)


def nearest(word: str, allowed: Iterable[str]) -> str:
    """Return the allowed spelling nearest to ``word``, without regard to case; empty when none is near."""
    by_folded = {one.casefold().replace("-", "_"): one for one in allowed}
    close = difflib.get_close_matches(word.casefold().replace("-", "_"), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else ""


def dotted(path: KeyPath) -> str:
    """Return the path as text, such as regions[0].city."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def as_line(file: str, line: int, mistake: Mistake) -> str:
    """Return one mistake as one line: file:line: key: what is wrong."""
    place = f"{file}:{line}: " if line else f"{file}: "
    key = f"{dotted(mistake.path)}: " if mistake.path else ""
    hint = f" (did you mean {mistake.nearest}?)" if mistake.nearest else ""
    return f"{place}{key}{mistake.message}{hint}"
