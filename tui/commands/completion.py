"""``completion``: what a shell needs to complete commands and options."""

import argparse

import shtab

from tui.commands.arguments import build_parser


def run(arguments: argparse.Namespace) -> int:
    """Print the shell's completion script."""
    print(shtab.complete(build_parser(), arguments.shell))
    return 0
