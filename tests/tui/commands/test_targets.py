import os
from pathlib import Path

import pytest

from core.runs import STATE_VARIABLE, RunRecord, write_run
from tests.tui.commands.runs import GONE_PID, record
from tui.commands import CommandFailed
from tui.commands.targets import choose_run, living_runs, name_here

SHOP, SITE = record("shop", 1), record("site", 1)


@pytest.mark.parametrize(
    ("name", "runs", "here", "chosen"),
    [
        ("shop", [SHOP, SITE], "site", SHOP),
        (None, [SHOP, SITE], "site", SITE),
        (None, [SHOP], "", SHOP),
        (None, [SHOP], "other", SHOP),
    ],
)
def test_the_one_named_then_the_one_here_then_the_only_one(
    name: str | None, runs: list[RunRecord], here: str, chosen: RunRecord
) -> None:
    assert choose_run(name, runs, here) is chosen


@pytest.mark.parametrize(
    ("name", "runs", "said"),
    [
        ("shpo", [SHOP, SITE], r"there are shop, site \(did you mean shop\?\)"),
        ("shop", [], "no deployment shop runs$"),
        (None, [], "hybrid-tui up starts"),
        (None, [SHOP, SITE], "name one: shop, site"),
    ],
)
def test_where_none_is_meant_the_names_are_told(name: str | None, runs: list[RunRecord], said: str) -> None:
    with pytest.raises(CommandFailed, match=said) as caught:
        choose_run(name, runs, "")
    assert caught.value.exit_code == 2


def test_only_engines_that_run_are_living(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
    write_run(record("alive", os.getpid()))
    write_run(record("killed", GONE_PID))
    assert [run.deployment for run in living_runs()] == ["alive"]


def test_the_deployment_here_is_that_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert name_here() == ""
    (tmp_path / "hybrid.toml").write_text('name = "shop"\n')
    assert name_here() == "shop"
