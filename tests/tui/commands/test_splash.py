import fcntl
import os
import struct
import sys
import termios
from collections.abc import Iterator

import pytest

from tui.commands import splash


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Make standard output a terminal of 20 columns, and give the side that a person sees."""
    seen, printed = os.openpty()
    os.set_blocking(seen, False)
    with os.fdopen(printed, "w") as output:
        fcntl.ioctl(printed, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 20, 0, 0))
        monkeypatch.setattr(sys, "stdout", output)
        yield seen
    os.close(seen)


def test_the_line_is_on_the_screen_at_once_and_fits(terminal: int) -> None:
    splash.show("hybrid-tui: starting a deployment of a long name")
    assert os.read(terminal, 1000).endswith(b"hybrid-tui: startin")


def test_the_line_goes_without_a_trace(terminal: int) -> None:
    splash.show("hybrid-tui")
    splash.clear()
    assert os.read(terminal, 1000).endswith(b"\r\x1b[2K")


def test_a_file_is_no_terminal() -> None:
    assert not splash.has_terminal()


def test_a_dumb_terminal_has_no_room_for_a_console(terminal: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", sys.stdout)
    monkeypatch.setenv("TERM", "xterm")
    assert splash.has_terminal()
    monkeypatch.setenv("TERM", "dumb")
    assert not splash.has_terminal()
