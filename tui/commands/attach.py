"""``attach``: open a console on a deployment that runs already."""

import argparse

from tui.commands import CommandFailed, splash


def run(arguments: argparse.Namespace) -> int:
    """Open the console; closing it leaves the deployment running."""
    if not splash.has_terminal():
        raise CommandFailed("attach needs a terminal; hybrid-tui ps --json is for scripts", 2)
    splash.show("hybrid-tui: attaching ...")
    try:
        from tui.commands.targets import choose_run, living_runs, name_here

        record = choose_run(arguments.name, living_runs(), name_here())
        import tui.app
    finally:
        splash.clear()
    return tui.app.run_console(record.socket, owner=False)
