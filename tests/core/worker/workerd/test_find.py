"""workerd is found where projects have it, and its program behind what npm puts before it."""

import platform
import sys
from pathlib import Path

import pytest

from core.worker.workerd import find
from core.worker.workerd.find import find_workerd, workerd_version


@pytest.fixture(autouse=True)
def _no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(find.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")


def _program(path: Path, text: str = "\x7fELF") -> Path:
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_package_of_this_system_is_taken(tmp_path: Path) -> None:
    program = _program(tmp_path / "node_modules/@cloudflare/workerd-linux-64/bin/workerd")
    assert find_workerd(tmp_path) == program


def test_a_folder_above_has_it_in_a_monorepo(tmp_path: Path) -> None:
    program = _program(tmp_path / "node_modules/@cloudflare/workerd-linux-64/bin/workerd")
    assert find_workerd(tmp_path / "apps" / "shop") == program


def test_a_script_of_npm_leads_to_the_program_beside_it(tmp_path: Path) -> None:
    script = _program(tmp_path / "store/node_modules/workerd/bin/workerd", "#!/usr/bin/env node\n")
    program = _program(tmp_path / "store/node_modules/@cloudflare/workerd-linux-64/bin/workerd")
    link = tmp_path / "shop/node_modules/.bin/workerd"
    link.parent.mkdir(parents=True)
    link.symlink_to(script)
    assert find_workerd(tmp_path / "shop") == program


def test_the_path_has_the_last_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = _program(tmp_path / "bin/workerd")
    monkeypatch.setenv("PATH", str(program.parent))
    assert find_workerd(tmp_path / "shop") == program


def test_the_variable_wins_and_is_not_doubted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path / "node_modules/@cloudflare/workerd-linux-64/bin/workerd")
    monkeypatch.setenv(find.VARIABLE, str(tmp_path / "missing"))
    assert find_workerd(tmp_path) is None


def test_there_may_be_none(tmp_path: Path) -> None:
    assert find_workerd(tmp_path) is None


def test_the_version_is_what_the_program_says(tmp_path: Path) -> None:
    program = _program(tmp_path / "workerd/workerd", "#!/bin/sh\necho workerd 2026-11-17\n")
    assert workerd_version(program) == "workerd 2026-11-17"
    assert workerd_version(tmp_path / "missing") == ""
