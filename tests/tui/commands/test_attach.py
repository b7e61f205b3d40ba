import pytest

from tui.cli import main


def test_without_a_terminal_there_is_nothing_to_open(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attach"]) == 2
    assert "attach needs a terminal" in capsys.readouterr().err
