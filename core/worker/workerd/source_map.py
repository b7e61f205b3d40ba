"""Source maps (version 3): from a position in a compiled module back to the one in its source."""

import base64
import json
import re
from bisect import bisect_right

_INLINE = re.compile(r"\n//# sourceMappingURL=data:application/json;base64,([A-Za-z0-9+/=]+)\s*$")
_DIGITS = {
    digit: value
    for value, digit in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}
_CONTINUES = 32
_SOURCE_LINE, _SOURCE_COLUMN = 2, 3
"""Fields of a segment, beside 0 for the column in the compiled text."""


class SourceMap:
    """The map of one compiled module with one source."""

    def __init__(self, mappings: str) -> None:
        self._mappings = mappings
        self._lines: list[list[tuple[int, int, int]]] | None = None

    def original(self, line: int, column: int) -> tuple[int, int]:
        """Return the line and column in the source, all from 1; the given ones where the map is silent."""
        if self._lines is None:
            self._lines = _decoded(self._mappings)
        segments = self._lines[line - 1] if 0 < line <= len(self._lines) else []
        found = bisect_right(segments, column - 1, key=lambda segment: segment[0]) - 1
        if found < 0:
            return line, column
        _, source_line, source_column = segments[found]
        return source_line + 1, source_column + 1


def split_inline_map(compiled: str) -> tuple[str, SourceMap | None]:
    """Return a compiled text without the map at its end, and the map."""
    found = _INLINE.search(compiled)
    if found is None:
        return compiled, None
    mappings = json.loads(base64.b64decode(found[1]))["mappings"]
    return compiled[: found.start() + 1], SourceMap(mappings)


def _decoded(mappings: str) -> list[list[tuple[int, int, int]]]:
    lines = []
    state = [0, 0, 0, 0]
    for line in mappings.split(";"):
        state[0] = 0
        segments = []
        for segment in filter(None, line.split(",")):
            for index, difference in enumerate(_numbers(segment)[: len(state)]):
                state[index] += difference
            segments.append((state[0], state[_SOURCE_LINE], state[_SOURCE_COLUMN]))
        lines.append(segments)
    return lines


def _numbers(segment: str) -> list[int]:
    """Decode Base64 VLQ: five bits a digit, the lowest bit of the number its sign."""
    numbers, value, shift = [], 0, 0
    for digit in segment:
        bits = _DIGITS[digit]
        value += (bits & (_CONTINUES - 1)) << shift
        shift += 5
        if not bits & _CONTINUES:
            numbers.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    return numbers
