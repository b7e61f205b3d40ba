"""What is wrong with a declaration, and how a person reads it: file, line, key, what is allowed."""

import difflib
import re
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


_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
LIKENESS = 0.6
"""How like two spellings must be, from 0 to 1, for one to be offered in place of the other."""

Check = Callable[["Deployment"], Iterable[Mistake]]
"""Looks for mistakes in a deployment whose values are each valid by themselves."""


class ConfigError(Exception):
    """A declaration cannot be used. The text lists every mistake, one a line, each with its place."""

    def __init__(self, file: Path, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.file = file
        self.lines = tuple(lines)


def nearest(word: str, allowed: Iterable[str]) -> str:
    """Return the allowed spelling nearest to ``word``, without regard to case; empty when none is near.

    Of several that are equally near, the first.
    """
    ranked = [(_likeness(word, one), one) for one in allowed]
    best, spelling = max(ranked, key=lambda pair: pair[0], default=(0.0, ""))
    return spelling if best >= LIKENESS else ""


def _likeness(word: str, other: str) -> float:
    return difflib.SequenceMatcher(None, _folded(word), _folded(other)).ratio()


def _folded(word: str) -> str:
    return word.casefold().replace("-", "_")


def dotted(path: KeyPath) -> str:
    """Return the path as text, such as regions[0].city."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{_key(part)}" if text else _key(part)
    return text


def _key(part: str) -> str:
    return part if _BARE_KEY.fullmatch(part) else f'"{part}"'


def as_line(file: str, line: int, mistake: Mistake) -> str:
    """Return one mistake as one line: file:line: key: what is wrong."""
    place = f"{file}:{line}: " if line else f"{file}: "
    key = f"{dotted(mistake.path)}: " if mistake.path else ""
    hint = f" (did you mean {mistake.nearest}?)" if mistake.nearest else ""
    return f"{place}{key}{mistake.message}{hint}"
