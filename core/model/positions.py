"""Where each value of a TOML text stands, so that a mistake can be shown with its line.

The text has been read by tomllib before, so it is known to be valid; this only walks over it.
"""

import re
import tomllib

from core.model.mistakes import KeyPath

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")|\'\'\'.*?\'{3,5}(?!\')|"(?:[^"\\]|\\.)*"|\'[^\']*\'', re.DOTALL
)
_KEY = re.compile(r'(?:[ \t]*(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|\'[^\']*\')[ \t]*\.?)+')
_BARE = re.compile(r"[^,\]}#\n]*")


def line_numbers(text: str) -> dict[KeyPath, int]:
    """Return the line, counted from 1, of every table, key and list element of a valid TOML text."""
    walker = _Walker(text)
    walker.walk()
    return walker.lines


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int:
    """Return the line of ``path``, or of the nearest thing around it; 1 for the text as a whole."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _Walker:
    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._text = text
        self._at = 0
        self._lists: dict[KeyPath, int] = {}

    def walk(self) -> None:
        table: KeyPath = ()
        self._skip()
        while self._at < len(self._text):
            table = self._header() if self._text[self._at] == "[" else self._pair(table)
            self._skip()

    def _header(self) -> KeyPath:
        is_list = self._text.startswith("[[", self._at)
        line = self._line()
        self._at += 2 if is_list else 1
        path = self._inside_lists(self._key(), keep_last=is_list)
        for length in range(1, len(path)):
            self.lines.setdefault(path[:length], line)
        self._at += 2 if is_list else 1
        if is_list:
            self.lines.setdefault(path, line)
            self._lists[path] = self._lists.get(path, -1) + 1
            path = (*path, self._lists[path])
        self.lines[path] = line
        return path

    def _inside_lists(self, keys: KeyPath, *, keep_last: bool) -> KeyPath:
        """Return the path of a header: a list of tables on the way means its latest table."""
        path: KeyPath = ()
        for number, key in enumerate(keys, start=1):
            path = (*path, key)
            if path in self._lists and not (keep_last and number == len(keys)):
                path = (*path, self._lists[path])
        return path

    def _pair(self, table: KeyPath) -> KeyPath:
        line = self._line()
        path = (*table, *self._key())
        for length in range(len(table) + 1, len(path) + 1):
            self.lines.setdefault(path[:length], line)
        self._at += 1
        self._value(path)
        return table

    def _value(self, path: KeyPath) -> None:
        self._skip()
        first = self._text[self._at]
        if first in "\"'":
            self._match(_STRING)
        elif first == "[":
            self._sequence(path, "]")
        elif first == "{":
            self._sequence(path, "}")
        else:
            self._match(_BARE)

    def _sequence(self, path: KeyPath, end: str) -> None:
        self._at += 1
        self._skip()
        number = 0
        while self._text[self._at] != end:
            if end == "]":
                self.lines[(*path, number)] = self._line()
                self._value((*path, number))
                number += 1
            else:
                self._pair(path)
            self._skip()
            if self._text[self._at] == ",":
                self._at += 1
                self._skip()
        self._at += 1

    def _key(self) -> KeyPath:
        written = self._match(_KEY)
        path: list[str | int] = []
        value = tomllib.loads(f"{written}=0")
        while isinstance(value, dict):
            key, value = next(iter(value.items()))
            path.append(key)
        return tuple(path)

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise ValueError(f"line {self._line()} is not valid TOML")
        self._at = found.end()
        return found[0]

    def _skip(self) -> None:
        self._match(_BLANK)

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1
