"""Small graphs made of characters: sparklines, bars and areas."""

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
_LEVELS = BLOCKS + BLOCKS[-1]
"""By eighths of the ceiling; a value a hair below it may round to all eight."""


def sparkline(values: Sequence[float], width: int, ceiling: float) -> str:
    """Draw the last ``width`` values as blocks; a value at ``ceiling`` fills its cell."""
    if width <= 0:
        return ""
    shown = values[-width:]
    if ceiling <= 0:
        return BLOCKS[0] * len(shown) + " " * (width - len(shown))
    # Drawn for every instance in every frame: no call for each value.
    levels, full, empty = _LEVELS, BLOCKS[-1], BLOCKS[0]
    marks = [
        full if value >= ceiling else levels[int(value / ceiling * 8)] if value > 0 else empty
        for value in shown
    ]
    return " " * (width - len(shown)) + "".join(marks)


def bar(share: float, width: int) -> tuple[str, str]:
    """Return the full and the empty part of a bar; a share above zero always shows."""
    full = round(max(0.0, min(share, 1.0)) * width)
    if share > 0 and width > 0:
        full = max(full, 1)
    return "▰" * full, "▱" * (width - full)


def area(values: Sequence[float], width: int, height: int, ceiling: float) -> list[str]:
    """Draw the last ``width`` values as a filled area in ``height`` lines, the top line first.

    A value at ``ceiling`` reaches the top; a value above zero shows at least the lowest block.
    """
    shown = values[-width:] if width > 0 else ()
    levels = [_eighths(value, ceiling, height * 8) for value in shown]
    pad = " " * (width - len(levels))
    return [
        pad + "".join(_PARTS[max(0, min(level - base, 8))] for level in levels)
        for base in range((height - 1) * 8, -1, -8)
    ]


_PARTS = " " + BLOCKS


def _eighths(value: float, ceiling: float, most: int) -> int:
    if value <= 0 or ceiling <= 0:
        return 0
    return max(1, min(most, round(min(value / ceiling, 1.0) * most)))


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
