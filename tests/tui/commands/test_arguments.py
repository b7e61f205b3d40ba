import argparse
import subprocess
import sys
from typing import Any

import pytest

from core.edge.latency import LARGEST_SCALE
from core.model.start_policies import START_POLICIES
from core.options import DEFAULT_PORT, DriverOption, RuntimeOption
from tui.commands import arguments
from tui.commands.arguments import build_parser, duration_s, instance_count, latency_scale, port_number

HEAVY = {
    "textual",
    "rich",
    "pydantic",
    "msgspec",
    "httpx",
    "docker",
    "plotext",
    "asyncio",
    "psutil",
    "uvicorn",
}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("up", {"path": ".", "driver": "auto", "port": 8787, "seed": None, "for_s": None, "headless": False}),
        ("up shop --driver docker --port 0", {"path": "shop", "driver": "docker", "port": 0}),
        (
            "up --seed 1 --for 2m --headless --json",
            {"seed": 1, "for_s": 120.0, "headless": True, "json": True},
        ),
        ("demo --for 30s", {"for_s": 30.0}),
        ("up", {"runtime": "auto"}),
        ("up --runtime workerd", {"runtime": "workerd"}),
        ("attach", {"name": None}),
        ("attach shop", {"name": "shop"}),
        ("ps --json", {"json": True}),
        ("down shop", {"name": "shop"}),
        ("latency off", {"scale": 0.0, "name": None}),
        ("latency real shop", {"scale": 1.0, "name": "shop"}),
        ("latency 0.5", {"scale": 0.5}),
        ("scale app us-east 3", {"container": "app", "region": "us-east", "instances": 3, "name": None}),
        ("scale app us-east auto shop", {"instances": None, "name": "shop"}),
        ("start-policy app paused", {"command": "start-policy", "container": "app", "policy": "paused"}),
        ("new shop --template static", {"name": "shop", "template": "static"}),
        ("schema events", {"what": "events"}),
        ("doctor --json", {"json": True}),
        ("screenshots", {"folder": "screenshots"}),
        ("completion zsh", {"shell": "zsh"}),
        ("", {"command": None}),
    ],
)
def test_a_line_is_read(line: str, expected: dict[str, Any]) -> None:
    read = vars(build_parser().parse_args(line.split()))
    assert {key: read[key] for key in expected} == expected


@pytest.mark.parametrize(
    "line",
    [
        "latency",
        "latency far",
        "scale app us-east",
        "start-policy app warm",
        "up --driver dokcer",
        "up --runtime node",
        "up --port x",
        "up --for 3x",
        "frob",
        "schema",
        "new",
    ],
)
def test_wrong_input_is_refused_with_exit_code_2(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        build_parser().parse_args(line.split())
    assert caught.value.code == 2
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["-1", "65536", "1e3", "²", ""])
def test_a_port_is_a_number_up_to_65535(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="from 0 to 65535"):
        port_number(text)


@pytest.mark.parametrize("text", ["-1", "101", "nan", "inf", "far", ""])
def test_a_latency_is_off_real_or_a_factor(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="write off, real, or a factor from 0 to 100"):
        latency_scale(text)


@pytest.mark.parametrize("text", ["-1", "1.5", "many", "²", ""])
def test_a_number_of_instances_is_whole_or_auto(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"write 0, 1, 2, ... or auto"):
        instance_count(text)


def test_a_duration_that_is_none_says_what_is_one() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="such as 30s"):
        duration_s("soon")


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        build_parser().parse_args(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("hybrid-tui 0.")


def test_what_is_repeated_here_agrees_with_the_engine() -> None:
    assert arguments.DEFAULT_PORT == DEFAULT_PORT
    assert arguments.START_POLICIES == START_POLICIES
    assert arguments.LARGEST_LATENCY_SCALE == LARGEST_SCALE
    assert DriverOption.__args__ == arguments.DRIVERS  # type: ignore[attr-defined]
    assert RuntimeOption.__args__ == arguments.RUNTIMES  # type: ignore[attr-defined]


def test_reading_the_line_imports_nothing_heavy() -> None:
    code = (
        "import sys, tui.cli, tui.commands.up\n"
        "tui.cli.build_parser().parse_args(['up', 'shop'])\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(done.stdout.split())
