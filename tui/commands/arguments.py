"""What can be written after ``hybrid-tui``. Imports nothing heavy: the first line on screen waits for it."""

import argparse
from collections.abc import Sequence
from typing import Any

PROGRAM = "hybrid-tui"
DRIVERS = ("auto", "docker", "process", "simulated")
RUNTIMES = ("auto", "deno", "workerd", "python")
START_POLICIES = ("plain", "created", "shared", "boosted", "paused")
"""The same as core.model.start_policies.START_POLICIES."""
LARGEST_LATENCY_SCALE = 100.0
"""The same as core.edge.latency.LARGEST_SCALE."""
DEFAULT_PORT = 8787
"""The same as core.options.DEFAULT_PORT, which would bring in more than this room may import."""
_DESCRIPTION = """\
Run a Worker at the edge in front of containers in regions, and see every hop, every cold start, every cent.

Without a command: in a folder with a hybrid.toml, up; elsewhere, demo."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    _add_runs(commands)
    _add_changes(commands)
    _add_projects(commands)
    _add_others(commands)
    return parser


def _add_runs(commands: Any) -> None:
    up = commands.add_parser("up", help="run the deployment in a folder, with a console")
    up.add_argument("path", nargs="?", default=".", metavar="PATH", help="the folder, or its hybrid.toml")
    _add_run_options(up)
    demo = commands.add_parser("demo", help="run a small shop in three regions, with a console")
    _add_run_options(demo)
    attach = commands.add_parser("attach", help="open a console on a deployment that runs")
    attach.add_argument("name", nargs="?", metavar="NAME", help="the deployment; needed when several run")
    ps = commands.add_parser("ps", help="list the deployments that run")
    _add_json(ps)
    down = commands.add_parser("down", help="stop a deployment, and remove what a killed one left behind")
    down.add_argument("name", nargs="?", metavar="NAME", help="the deployment; needed when there are several")


def _add_changes(commands: Any) -> None:
    latency = commands.add_parser("latency", help="turn emulated distance off or on, or scale it, live")
    latency.add_argument(
        "scale", type=latency_scale, metavar="off|real|NUMBER", help="none, as estimated, or so many times it"
    )
    scale = commands.add_parser("scale", help="set how many instances run in a region, live")
    scale.add_argument("container", metavar="CLASS", help="the container class")
    scale.add_argument("region", metavar="REGION", help="the region")
    scale.add_argument(
        "instances",
        type=instance_count,
        metavar="N|auto",
        help="so many from now on; auto gives it back to the scaling policy",
    )
    policy = commands.add_parser("start-policy", help="start the instances of a class in another way, live")
    policy.add_argument("container", metavar="CLASS", help="the container class")
    policy.add_argument("policy", choices=START_POLICIES, help="how its next instances are started")
    for parser in (latency, scale, policy):
        parser.add_argument("name", nargs="?", metavar="NAME", help="the deployment; needed when several run")


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--driver", choices=DRIVERS, default="auto", help="what runs the containers")
    parser.add_argument("--runtime", choices=RUNTIMES, default="auto", help="what runs the Worker")
    parser.add_argument(
        "--port",
        type=port_number,
        default=DEFAULT_PORT,
        metavar="N",
        help=f"the port on 127.0.0.1, {DEFAULT_PORT} when not given; 0 takes a free one",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="draw the same at random every time")
    parser.add_argument(
        "--for", dest="for_s", type=duration_s, metavar="DURATION", help="end by itself, such as after 30s"
    )
    parser.add_argument("--headless", action="store_true", help="run here, without a console")
    parser.add_argument("--json", action="store_true", help="print every event as a JSON line (headless)")


def _add_projects(commands: Any) -> None:
    new = commands.add_parser("new", help="write a small project that runs at once")
    new.add_argument("name", metavar="NAME", help="the folder to make; its name is the deployment's")
    new.add_argument(
        "--template", default="flask", metavar="TEMPLATE", help="flask, typescript, static or demo"
    )
    schema = commands.add_parser("schema", help="print a JSON Schema")
    schema.add_argument(
        "what", choices=("events", "config"), help="of the lines of --json, or of hybrid.toml"
    )


def _add_others(commands: Any) -> None:
    doctor = commands.add_parser("doctor", help="find what is wrong on this machine, and how to mend it")
    doctor.add_argument("--port", type=port_number, default=DEFAULT_PORT, metavar="N", help="the port to try")
    _add_json(doctor)
    screenshots = commands.add_parser("screenshots", help="draw pictures of the console")
    screenshots.add_argument("folder", nargs="?", default="screenshots", metavar="FOLDER", help="where to")
    completion = commands.add_parser("completion", help="print what a shell needs to complete commands")
    completion.add_argument("shell", choices=("bash", "zsh", "tcsh", "fish"), help="the shell")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for machines")


def port_number(text: str) -> int:
    """Read a port. Raises ArgumentTypeError that says what is allowed."""
    if text.isascii() and text.isdigit() and int(text) <= 65_535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port; write a number from 0 to 65535")


def latency_scale(text: str) -> float:
    """Read a factor on emulated latency. Raises ArgumentTypeError that says what is allowed."""
    words = {"off": 0.0, "real": 1.0}
    try:
        scale = words[text] if text in words else float(text)
    except ValueError:
        scale = -1.0
    if 0 <= scale <= LARGEST_LATENCY_SCALE:
        return scale
    raise argparse.ArgumentTypeError(
        f"{text!r} is no latency; write off, real, or a factor from 0 to {LARGEST_LATENCY_SCALE:g}"
    )


def instance_count(text: str) -> int | None:
    """Read a number of instances, None for auto. Raises ArgumentTypeError that says what is allowed."""
    if text == "auto":
        return None
    if text.isascii() and text.isdigit():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of instances; write 0, 1, 2, ... or auto")


def duration_s(text: str) -> float:
    """Read a duration in seconds. Raises ArgumentTypeError that says what is allowed."""
    from core.model.durations import parse_duration_s

    try:
        return parse_duration_s(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


class _Version(argparse.Action):
    """Print the version; it is looked up only when it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version")

    def __call__(self, parser: argparse.ArgumentParser, *_rest: object) -> None:
        from importlib.metadata import version

        print(f"{PROGRAM} {version(PROGRAM)}")
        parser.exit()
