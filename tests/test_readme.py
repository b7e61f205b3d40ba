"""What the README says must hold."""

import re
import shlex
from pathlib import Path

import pytest

from core.model.load import load_deployment
from tests.readme import README, rewritten
from tui.commands.arguments import build_parser

TEXT = README.read_text("utf-8")


def block_after(marker: str) -> str:
    found = re.search(rf"<!-- {marker} -->\n```\w*\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None, f"no code block after <!-- {marker} -->"
    return found[1]


def test_the_generated_parts_are_those_of_the_sources() -> None:
    assert rewritten(TEXT) == TEXT, "run: python -m tests.readme"


def test_the_least_deployment_loads_and_is_five_lines(tmp_path: Path) -> None:
    example = block_after("least")
    (tmp_path / "hybrid.toml").write_text(example)
    (tmp_path / "worker.py").touch()
    assert load_deployment(tmp_path).name == "shop"
    assert len(example.splitlines()) == 5


def test_the_test_command_is_one_line_that_needs_only_python() -> None:
    (line,) = block_after("test command").splitlines()
    assert line.startswith("python3 -m venv .venv && .venv/bin/pip install")
    assert line.endswith(".venv/bin/pytest")


def commands() -> list[str]:
    shell = "\n".join(re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL))
    return list(re.findall(r"^hybrid-tui (.*)$", shell, re.MULTILINE))


@pytest.mark.parametrize("line", commands())
def test_every_command_shown_can_be_read(line: str) -> None:
    words = shlex.split(line.partition(">")[0], comments=True)
    assert build_parser().parse_args(words).command == words[0]


def test_every_command_is_in_the_table() -> None:
    (choices,) = (one.choices for one in build_parser()._actions if one.dest == "command")
    assert choices is not None
    table = TEXT.partition("## Commands")[2].partition("## Drivers")[0]
    assert [name for name in choices if f"`{name}" not in table] == []


def test_pictures_are_there() -> None:
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", TEXT)
    assert pictures
    assert [one for one in pictures if not (README.parent / one).is_file()] == []
