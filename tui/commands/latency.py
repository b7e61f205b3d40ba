"""``latency``: turn emulated distance off or on in a deployment that runs, or scale it."""

import argparse

from tui.commands.asking import ask


def run(arguments: argparse.Namespace) -> int:
    """Set the factor; it counts from the next request on."""
    return ask(arguments.name, lambda engine: engine.set_latency(arguments.scale))
