from pathlib import Path

import pytest

from core.model.load import load_deployment
from tui.cli import main


def test_a_project_is_written_and_how_to_run_it_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "shop", "--template", "static"]) == 0
    assert capsys.readouterr().out.endswith("run it: hybrid-tui up shop\n")
    assert load_deployment("shop").name == "shop"


def test_a_template_that_is_not_there_is_wrong_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", str(tmp_path / "shop"), "--template", "flaks"]) == 2
    assert "did you mean flask?" in capsys.readouterr().err
