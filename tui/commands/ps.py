"""``ps``: which deployments run."""

import argparse
import json
from collections.abc import Sequence

from core.runs import RunRecord, all_runs, is_alive

HEADINGS = ("NAME", "STATE", "PID", "URL", "DRIVERS", "FOLDER")


def run(arguments: argparse.Namespace) -> int:
    """Print one line a deployment; killed ones too, since they may have left something behind."""
    runs = [(record, is_alive(record)) for record in all_runs()]
    if arguments.json:
        print(json.dumps([as_json(record, alive) for record, alive in runs], indent=2))
    elif runs:
        print("\n".join(as_table([HEADINGS, *(as_row(record, alive) for record, alive in runs)])))
    else:
        print("no deployment runs")
    return 0


def as_json(record: RunRecord, alive: bool) -> dict[str, object]:
    """Return a run for machines."""
    return {
        "deployment": record.deployment,
        "state": state_of(alive),
        "pid": record.pid,
        "url": record.url,
        "drivers": list(record.drivers),
        "folder": record.folder,
        "socket": record.socket,
        "version": record.version,
    }


def as_row(record: RunRecord, alive: bool) -> tuple[str, ...]:
    """Return a run for people."""
    drivers = ", ".join(record.drivers)
    return (record.deployment, state_of(alive), str(record.pid), record.url, drivers, record.folder)


def state_of(alive: bool) -> str:
    """Return the word for a run's state."""
    return "running" if alive else "killed"


def as_table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines whose columns stand under each other."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
