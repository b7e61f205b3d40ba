"""Small graphs made of characters: sparklines, bars and braille areas."""

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
_BRAILLE = 0x2800
_LEFT_DOTS = (0x40, 0x04, 0x02, 0x01)
_RIGHT_DOTS = (0x80, 0x20, 0x10, 0x08)
"""The dots of a braille cell's two columns, from the bottom up."""


def sparkline(values: Sequence[float], width: int, ceiling: float) -> str:
    """Draw the last ``width`` values as blocks; a value at ``ceiling`` fills its cell."""
    if width <= 0:
        return ""
    shown = values[-width:]
    if ceiling <= 0:
        return BLOCKS[0] * len(shown) + " " * (width - len(shown))
    marks = "".join(BLOCKS[_level(value / ceiling, 8)] for value in shown)
    return " " * (width - len(shown)) + marks


def _level(share: float, levels: int) -> int:
    return max(0, min(levels - 1, int(share * levels)))


def bar(share: float, width: int) -> tuple[str, str]:
    """Return the full and the empty part of a bar; a share above zero always shows."""
    full = round(max(0.0, min(share, 1.0)) * width)
    if share > 0 and width > 0:
        full = max(full, 1)
    return "▰" * full, "▱" * (width - full)


def braille_area(values: Sequence[float], width: int, height: int, ceiling: float) -> list[str]:
    """Draw the last ``2 * width`` values as a filled area in ``height`` lines, the top line first.

    A value at ``ceiling`` reaches the top; a value above zero shows at least one dot.
    """
    shown = list(values[-2 * width :])
    columns = [0.0] * (2 * width - len(shown)) + shown
    dots = [_dots(value, ceiling, height * 4) for value in columns]
    lines = []
    for line in range(height - 1, -1, -1):
        base = line * 4
        lines.append("".join(_cell(dots[2 * x] - base, dots[2 * x + 1] - base) for x in range(width)))
    return lines


def _dots(value: float, ceiling: float, most: int) -> int:
    if value <= 0 or ceiling <= 0:
        return 0
    return max(1, min(most, round(value / ceiling * most)))


_CELLS = [
    [chr(_BRAILLE + sum(_LEFT_DOTS[:first]) + sum(_RIGHT_DOTS[:second])) for second in range(5)]
    for first in range(5)
]


def _cell(first: int, second: int) -> str:
    if first <= 0 and second <= 0:
        return " "
    return _CELLS[max(0, min(first, 4))][max(0, min(second, 4))]


def share_out(parts: Sequence[float], width: int, groups: Sequence[str] = ()) -> list[int]:
    """Divide ``width`` cells among parts in proportion.

    Of each group at least the largest part gets a cell, as long as there is room for all groups.
    """
    total = sum(parts)
    if total <= 0 or width <= 0:
        return [0] * len(parts)
    exact = [part / total * width for part in parts]
    sizes = [int(size) for size in exact]
    by_rest = sorted(range(len(parts)), key=lambda i: (sizes[i] - exact[i], i))
    for index in by_rest[: width - sum(sizes)]:
        sizes[index] += 1
    for group in dict.fromkeys(groups):
        members = [i for i, name in enumerate(groups) if name == group and parts[i] > 0]
        if members and not any(sizes[i] for i in members):
            donor = max(range(len(parts)), key=lambda i: sizes[i])
            if sizes[donor] > 1:
                sizes[donor] -= 1
                sizes[max(members, key=lambda i: parts[i])] += 1
    return sizes
