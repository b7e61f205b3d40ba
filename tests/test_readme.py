"""What the README says must hold."""

import re
import shlex
from pathlib import Path
from typing import get_args

import pytest

from core import redaction
from core.http.server_protocol import HEAD_LIMIT_BYTES, URL_LIMIT_BYTES
from core.model.load import load_deployment
from core.model.worker import Limits
from core.profiles.load import load_profile
from core.profiles.profile import ProfileName
from core.templates import TEMPLATES
from core.worker.supervisor.pool import DRAIN_S
from tests.end_to_end.runtimes import test_programs
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


def test_the_programs_shown_are_those_that_are_tested() -> None:
    assert re.findall(r"```ts\n(.*?)```", TEXT, re.DOTALL) == [test_programs.ANNOUNCED, test_programs.CURRENT]


def test_every_template_but_the_demos_is_named_where_new_is_told() -> None:
    (line,) = (line for line in TEXT.splitlines() if line.startswith("| `new NAME`"))
    assert [one for one in TEMPLATES if one != "demo" and f"{one}`" not in line] == []


@pytest.mark.parametrize(
    ("key", "figure", "times"),
    [
        ("cpu_ms", "30 s of CPU", 1000),
        ("memory_mib", "128 MiB of memory", 1),
        ("sub_requests", "10,000 sub-requests", 1),
        ("request_body_mb", "100 MB of request body", 1),
    ],
)
def test_the_limits_told_are_those_of_the_sources(key: str, figure: str, times: int) -> None:
    number = int(figure.split()[0].replace(",", ""))
    assert number * times == Limits.model_fields[key].default
    (line,) = (line for line in TEXT.splitlines() if line.startswith(f"| {figure}"))
    assert line.endswith(f"| `{key}` |")


def test_the_limits_of_a_requests_head_are_those_of_the_sources() -> None:
    assert f"| {URL_LIMIT_BYTES // 1024} KB of URL | 414 | |" in TEXT
    assert f"| {HEAD_LIMIT_BYTES // 1024} KB of request header | 431 | |" in TEXT


def test_what_is_told_of_secrets_and_of_draining_is_so() -> None:
    assert (redaction.SHORTEST, DRAIN_S) == (4, 30.0)
    assert "(of four characters or more)" in TEXT
    assert "for at most 30 s." in TEXT


def test_pictures_are_there() -> None:
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", TEXT)
    assert pictures
    assert [one for one in pictures if not (README.parent / one).is_file()] == []


@pytest.mark.parametrize("profile", get_args(ProfileName))
def test_what_an_account_has_is_what_its_profile_says(profile: str) -> None:
    (row,) = re.findall(r"\| an account has \| (.*) \|", TEXT)
    said = dict(zip(get_args(ProfileName), row.split(" | "), strict=True))[profile]
    account = load_profile(profile).account
    gib, tb = account.memory_mib // 1024, account.disk_mb / 1_000_000
    assert f"{account.vcpu:,} vCPU" in said
    assert f"{gib // 1024} TiB" in said or f"{gib} GiB" in said
    assert f"{tb:g} TB" in said
