"""Breaks text into lines of a width in cells."""

from tui.panes.rows import cells, clean


def wrapped(text: str, width: int) -> list[str]:
    """Return the text in lines of at most ``width`` cells, broken between words where it can be.

    A line that is indented stays so, with what is broken off it too, as in a stack.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        words = clean(paragraph)
        indent = min(len(words) - len(words.lstrip(" ")), max(width, 1) // 3)
        lines += [" " * indent + line for line in _paragraph(words.lstrip(" "), max(width, 1) - indent)]
    return lines


def _paragraph(text: str, width: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if cells(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = word
        while cells(line) > width:
            size = _fitting(line, width)
            lines.append(line[:size])
            line = line[size:]
    return [*lines, line]


def _fitting(text: str, width: int) -> int:
    """Return how many characters fit, at least one; some take two cells and some none."""
    size = 1
    while size < len(text) and cells(text[: size + 1]) <= width:
        size += 1
    return size
