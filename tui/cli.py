"""The command ``hybrid-tui``: read the arguments, then hand over to the command's room."""

import importlib
import os
import sys
from collections.abc import Sequence

from tui.commands import CommandFailed
from tui.commands.arguments import PROGRAM, build_parser

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells give it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 good, 1 it failed, 2 the input was wrong."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if arguments.command is None:
        arguments = parser.parse_args(["up" if os.path.isfile("hybrid.toml") else "demo"])
    try:
        room = importlib.import_module(f"tui.commands.{arguments.command.replace('-', '_')}")
        code: int = room.run(arguments)
        sys.stdout.flush()
    except CommandFailed as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return 1
    return code


def _forget_output() -> None:
    """Point standard output at nothing, so that closing it at the end does not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
