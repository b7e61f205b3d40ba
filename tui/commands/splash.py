"""The first line on the screen: it is there while everything else is still being read."""

import os
import sys

_USUAL_COLUMNS = 80
"""Taken for a terminal that does not know its size."""
_CLEAR_LINE = b"\r\x1b[2K"


def show(text: str) -> None:
    """Write one line to the terminal at once, without a line end."""
    columns = os.get_terminal_size(sys.stdout.fileno()).columns or _USUAL_COLUMNS
    os.write(sys.stdout.fileno(), _CLEAR_LINE + text[: columns - 1].encode())


def clear() -> None:
    """Take the line away again."""
    os.write(sys.stdout.fileno(), _CLEAR_LINE)


def has_terminal() -> bool:
    """Say whether a console can be opened: a person can both see and type."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
