"""``down``: stop a deployment, and remove what a killed one left behind."""

import argparse
import sys

from core.cleanup import clean_up_now
from core.runs import all_runs, is_alive, read_run
from tui.commands import CommandFailed
from tui.commands.launch import is_name
from tui.commands.stop import stop_run
from tui.commands.targets import choose_run, name_here


def run(arguments: argparse.Namespace) -> int:
    """Stop the engine where it runs, remove what is left, and print what was removed."""
    name = _name(arguments.name)
    if not name:
        print("no deployment runs, and none was left behind")
        return 0
    record = read_run(name)
    was_alive = record is not None and is_alive(record)
    if record is not None and was_alive:
        stop_run(record)
        print(f"stopped {name}")
    removed = clean_up_now(name)
    for line in removed.lines:
        print(line)
    if not was_alive and not removed.lines:
        print(f"{name} does not run, and left nothing behind")
    for problem in removed.problems:
        print(f"could not look for containers: {problem}", file=sys.stderr)
    return 1 if removed.problems else 0


def _name(given: str | None) -> str:
    """Return the deployment that is meant; empty when there is none at all."""
    if given is not None:
        if not is_name(given):
            raise CommandFailed(f"{given} is no deployment's name: a-z, 0-9 and hyphens, 40 at most", 2)
        return given
    runs = list(all_runs())
    return choose_run(None, runs, name_here()).deployment if runs else name_here()
