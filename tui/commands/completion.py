"""``completion``: what a shell needs to complete commands and options."""

import argparse

import shtab

from tui.commands.arguments import build_parser


def run(arguments: argparse.Namespace) -> int:
    """Print the shell's completion script."""
    parser = build_parser()
    _complete_folders(parser)
    print(shtab.complete(parser, arguments.shell))
    return 0


def _complete_folders(parser: argparse.ArgumentParser) -> None:
    """Let the shell offer folders where one is wanted; the parser itself knows nothing of completion."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _complete_folders(command)
        elif action.metavar in ("PATH", "FOLDER"):
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
