"""``scale``: how many instances of a class run in a region, by hand, or by its policy again."""

import argparse

from tui.commands.asking import ask


def run(arguments: argparse.Namespace) -> int:
    """Ask for so many instances."""
    container, region, instances = arguments.container, arguments.region, arguments.instances
    return ask(arguments.name, lambda engine: engine.scale(container, region, instances))
