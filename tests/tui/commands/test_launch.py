import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.options import EngineOptions
from core.runs import STATE_VARIABLE
from tui.commands import CommandFailed
from tui.commands.launch import Ready, StartingEngine, declared_name, open_log, start_engine


@pytest.mark.parametrize(
    ("text", "name"),
    [('name = "shop"\n', "shop"), ('name = "../x"\n', ""), ("name = 1\n", ""), ("name = \n", "")],
)
def test_the_name_is_read_where_there_is_one(text: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "hybrid.toml").write_text(text)
    assert declared_name(tmp_path) == name
    assert declared_name(tmp_path / "hybrid.toml") == name


def test_no_file_means_no_name(tmp_path: Path) -> None:
    assert declared_name(tmp_path) == ""


def test_the_log_is_in_the_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
    with open_log("shop") as log:
        assert Path(log.name) == tmp_path / "shop" / "engine.log"
    with open_log("") as log:
        assert Path(log.name).is_file()
    assert not Path(log.name).exists()


def engine(program: str, log: Path) -> StartingEngine:
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=output)
    return StartingEngine(process, log)


def test_an_engine_that_is_up_says_where(tmp_path: Path) -> None:
    starting = engine(
        """print('{"ok": true, "deployment": "shop", "socket": "/run/shop/engine.sock"}')""", tmp_path / "log"
    )
    assert starting.wait_until_ready() == Ready("shop", "/run/shop/engine.sock")
    starting.end()


def test_an_engine_that_cannot_start_gives_its_message_and_exit_code(tmp_path: Path) -> None:
    starting = engine("""print('{"ok": false, "message": "port taken", "exit_code": 1}')""", tmp_path / "log")
    with pytest.raises(CommandFailed, match=r"^port taken$") as caught:
        starting.wait_until_ready()
    assert caught.value.exit_code == 1


def test_an_engine_that_dies_without_a_word_shows_its_log(tmp_path: Path) -> None:
    starting = engine("import sys; sys.exit('out of luck')", tmp_path / "log")
    with pytest.raises(CommandFailed, match="exit code 1 before it was up\n  out of luck"):
        starting.wait_until_ready()


def test_an_engine_given_up_ends(tmp_path: Path) -> None:
    starting = engine("import time; time.sleep(60)", tmp_path / "log")
    starting.end()
    assert starting._process.returncode == -15


def test_a_mistake_in_the_declaration_comes_back_as_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    (tmp_path / "hybrid.toml").write_text('name = "shop"\nworker = "w.py"\n')
    with pytest.raises(CommandFailed, match=r"hybrid\.toml:1: containers: is missing") as caught:
        start_engine(EngineOptions(path=str(tmp_path))).wait_until_ready()
    assert caught.value.exit_code == 2


def test_modules_of_the_project_do_not_take_the_place_of_the_engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project may well have a folder called core."""
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text("raise SystemExit('the wrong core')")
    monkeypatch.chdir(tmp_path)
    assert os.listdir() == ["core"]
    with pytest.raises(CommandFailed, match=r"has no hybrid\.toml"):
        start_engine(EngineOptions()).wait_until_ready()
