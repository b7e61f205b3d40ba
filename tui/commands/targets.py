"""Which deployment a command is about: the one named, the one of this folder, or the only one."""

from collections.abc import Sequence
from pathlib import Path

from core.model.mistakes import nearest
from core.runs import RunRecord, all_runs, is_alive
from tui.commands import CommandFailed
from tui.commands.launch import declared_name


def choose_run(name: str | None, runs: Sequence[RunRecord], here: str) -> RunRecord:
    """Return the run of ``name``, else of the deployment ``here`` in this folder, else the only one.

    Raises CommandFailed that lists the names when there is none, or more than one.
    """
    by_name = {run.deployment: run for run in runs}
    if name is not None:
        if name in by_name:
            return by_name[name]
        close = nearest(name, by_name)
        hint = f" (did you mean {close}?)" if close else ""
        there = f"; there are {', '.join(by_name)}" if by_name else ""
        raise CommandFailed(f"no deployment {name} runs{there}{hint}", 2)
    if here in by_name:
        return by_name[here]
    if len(runs) == 1:
        return runs[0]
    if not runs:
        raise CommandFailed("no deployment runs; hybrid-tui up starts the one in this folder", 2)
    raise CommandFailed(f"several deployments run; name one: {', '.join(by_name)}", 2)


def living_runs() -> list[RunRecord]:
    """Return the engines that run."""
    return [run for run in all_runs() if is_alive(run)]


def name_here() -> str:
    """Return the name of the deployment in this folder; empty when there is none."""
    return declared_name(Path())
