"""``up`` and ``demo``: run a deployment, in this very process without a console, or beside it with one."""

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tui.commands import CommandFailed, splash

if TYPE_CHECKING:
    from core.options import EngineOptions
    from core.runs import RunRecord
    from tui.commands.launch import Ready


def run(arguments: argparse.Namespace) -> int:
    """Run the deployment until it ends or its owner closes the console."""
    demo = arguments.command == "demo"
    if arguments.headless or arguments.json or not splash.has_terminal():
        return _run_here(_options(arguments, console=False))
    place = "the demo" if demo else os.path.basename(os.path.abspath(arguments.path))
    splash.show(f"hybrid-tui: starting {place} ...")
    return _run_with_console(_options(arguments, console=True))


def _options(arguments: argparse.Namespace, *, console: bool) -> "EngineOptions":
    from core.options import EngineOptions
    from core.templates import template_folder

    demo = arguments.command == "demo"
    return EngineOptions(
        path=str(template_folder("demo") if demo else Path(arguments.path)),
        driver=arguments.driver,
        runtime=arguments.runtime,
        port=arguments.port,
        seed=arguments.seed,
        for_s=arguments.for_s,
        json=arguments.json,
        demo=demo,
        paced=console,
    )


def _run_here(options: "EngineOptions") -> int:
    from core.main import run as run_engine

    return run_engine(options, _say_ready)


def _say_ready(record: "RunRecord") -> None:
    """Tell where the deployment answers; on standard error, since standard output may be for events."""
    place = (
        f"up at {record.url}" if record.url else "simulated: nothing listens, visitors come from [traffic]"
    )
    print(f"{record.deployment} is {place}", file=sys.stderr, flush=True)


def _run_with_console(options: "EngineOptions") -> int:
    from tui.commands.launch import start_engine

    try:
        engine = start_engine(options)
    except CommandFailed:
        splash.clear()
        raise
    try:
        import tui.app

        ready = engine.wait_until_ready()
    except BaseException:
        engine.end()
        splash.clear()
        raise
    splash.clear()
    signal.signal(signal.SIGHUP, _leave)
    try:
        return tui.app.run_console(ready.socket, owner=True, stays=not options.demo)
    finally:
        _part(ready, options)


def _leave(number: int, _frame: object) -> None:
    """End this process as if it had been asked to, so that a demo is stopped behind it."""
    raise SystemExit(128 + number)


def _part(ready: "Ready", options: "EngineOptions") -> None:
    """Stop a demo, which leaves nothing behind; of a deployment that runs on, tell how to come back."""
    from core.runs import is_alive, read_run
    from tui.commands.stop import stop_run

    record = read_run(ready.deployment)
    if record is None or not is_alive(record):
        return
    if options.demo:
        stop_run(record)
        return
    name = record.deployment
    try:
        print(f"{name} runs on at {record.url}: hybrid-tui attach {name}, or hybrid-tui down {name}")
    except OSError as error:
        raise CommandFailed(f"{name} runs on; the terminal has gone: {error.strerror}") from None
