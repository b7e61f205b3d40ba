"""What a layout is made of: rows of styled text, each exactly as wide as its pane."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

Segment = tuple[str, str]
"""A text and the name of its style (see ``tui.styles``)."""


class Area(NamedTuple):
    """The room that a layout may fill, in cells."""

    width: int
    height: int


class Row(NamedTuple):
    """One line. ``key`` names what it shows (empty: not to be selected); ``cursor`` marks the selected."""

    segments: tuple[Segment, ...]
    key: str = ""
    cursor: bool = False

    @property
    def text(self) -> str:
        """Return the row's text without styles."""
        return "".join(text for text, _ in self.segments)


class View(NamedTuple):
    """How a person looks at a pane: what is selected, and the first item shown."""

    selected: str = ""
    top: int = 0
    paused: bool = False
    banner: tuple[str, str] | None = None
    """What happened to the connection and what to do, while there is none."""


@lru_cache(maxsize=2048)
def clean(text: str) -> str:
    """Return the text with every control character replaced, so that it cannot move the cursor."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "·" for c in text)


def cells(text: str) -> int:
    """Return the width of a text in cells."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, width: int) -> str:
    """Return the text in at most ``width`` cells, ending in ``…`` where it was longer."""
    if cells(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    return set_cell_size(text, width - 1).rstrip() + "…"


def left(text: str, width: int) -> str:
    """Return the text in exactly ``width`` cells, at the left."""
    size = cells(text)
    if size > width:
        text = cut(text, width)
        size = cells(text)
    return text + " " * (width - size)


def right(text: str, width: int) -> str:
    """Return the text in exactly ``width`` cells, at the right."""
    size = cells(text)
    if size > width:
        text = cut(text, width)
        size = cells(text)
    return " " * (width - size) + text


def width_of(segments: Iterable[Segment]) -> int:
    """Return the width of segments in cells."""
    return sum(cells(text) for text, _ in segments)


def fit(segments: Iterable[Segment], width: int, fill: str = "text") -> tuple[Segment, ...]:
    """Return the segments in exactly ``width`` cells; neighbours of one style become one.

    What is left over is filled with spaces of the style ``fill``.
    """
    result: list[Segment] = []
    room = width
    for text, style in segments:
        size = cells(text)
        if size > room:
            text = cut(text, room)
            size = cells(text)
        if text:
            if result and result[-1][1] == style:
                result[-1] = (result[-1][0] + text, style)
            else:
                result.append((text, style))
        room -= size
        if room <= 0:
            break
    if room > 0:
        if result and result[-1][1] == fill:
            result[-1] = (result[-1][0] + " " * room, fill)
        else:
            result.append((" " * room, fill))
    return tuple(result)


def row(width: int, *segments: Segment, key: str = "", fill: str = "text") -> Row:
    """Make a row of exactly ``width`` cells."""
    return Row(fit(segments, width, fill), key)


def spread(
    width: int, start: Sequence[Segment], end: Sequence[Segment], *, key: str = "", fill: str = "text"
) -> Row:
    """Make a row with ``start`` at the left and ``end`` at the right; the start gives way."""
    end_width = min(width_of(end), width)
    gap = width - end_width
    segments = (fit(start, gap, fill) if gap else ()) + (fit(end, end_width, fill) if end_width else ())
    return Row(segments, key)


def flowed(width: int, groups: Iterable[Sequence[Segment]], indent: int = 2) -> list[Row]:
    """Lay groups of segments side by side, in as many rows as they need."""
    rows: list[Row] = []
    line: list[Segment] = [(" " * indent, "text")]
    for group in groups:
        if len(line) > 1 and width_of(line) + width_of(group) > width:
            rows.append(row(width, *line))
            line = [(" " * indent, "text")]
        line += group
    return [*rows, row(width, *line)]


def blank(width: int) -> Row:
    """Make an empty row."""
    return Row(((" " * width, "text"),)) if width else Row(())


def rule(width: int) -> Row:
    """Make a thin line over the whole width."""
    return Row((("─" * width, "faint"),))


def first_shown(count: int, height: int, top: int, selected: int | None = None) -> int:
    """Return the first item to show so that the window is full and holds the selected item."""
    if selected is not None:
        top = min(top, selected)
        top = max(top, selected - height + 1)
    return max(0, min(top, count - height))
