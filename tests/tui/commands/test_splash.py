import fcntl
import os
import select
import struct
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tui.commands import splash


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch, columns: int = 20) -> Iterator[int]:
    """Make standard output a terminal, and give the side that a person sees."""
    seen, printed = os.openpty()
    with os.fdopen(printed, "w") as output:
        fcntl.ioctl(printed, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        monkeypatch.setattr(sys, "stdout", output)
        yield seen
        monkeypatch.undo()
    os.close(seen)


def assert_shows(seen: int, expected: bytes) -> None:
    """Read from the terminal until it has shown as much as expected: it hands on each write by itself."""
    shown = b""
    while len(shown) < len(expected) and select.select([seen], [], [], 10)[0]:
        shown += os.read(seen, 1000)
    assert shown == expected


def test_the_line_is_on_the_screen_at_once_and_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as seen:
        splash.show("hybrid-tui: starting a deployment of a long name")
        assert_shows(seen, b"\r\x1b[2Khybrid-tui: startin")


def test_a_terminal_that_does_not_know_its_size_is_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch, columns=0) as seen:
        splash.show("hybrid-tui: starting")
        assert_shows(seen, b"\r\x1b[2Khybrid-tui: starting")


def test_the_line_goes_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as seen:
        splash.show("hybrid-tui")
        splash.clear()
        assert_shows(seen, b"\r\x1b[2Khybrid-tui\r\x1b[2K")


def test_a_file_is_no_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "output").open("w") as file:
        monkeypatch.setattr(sys, "stdin", file)
        monkeypatch.setattr(sys, "stdout", file)
        assert not splash.has_terminal()
        monkeypatch.undo()


@pytest.mark.parametrize(("kind", "has"), [("xterm", True), ("dumb", False)])
def test_a_dumb_terminal_has_no_room_for_a_console(
    kind: str, has: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with terminal(monkeypatch):
        monkeypatch.setattr(sys, "stdin", sys.stdout)
        monkeypatch.setenv("TERM", kind)
        assert splash.has_terminal() is has
