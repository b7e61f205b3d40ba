"""``new``: write a small project that runs at once."""

import argparse
from pathlib import Path

from core.templates import TEMPLATES, TemplateError
from core.templates.write import write_project
from tui.commands import CommandFailed


def run(arguments: argparse.Namespace) -> int:
    """Write the project, and tell how to run it."""
    folder = Path(arguments.name)
    try:
        files = write_project(arguments.template, folder)
    except TemplateError as error:
        raise CommandFailed(str(error), 2) from None
    print(f"{folder}: {TEMPLATES[arguments.template]}")
    for file in files:
        print(f"  {file}")
    print(f"run it: hybrid-tui up {folder}")
    return 0
