"""``start-policy``: start the instances of a class in another way, in a deployment that runs."""

import argparse

from tui.commands.asking import ask


def run(arguments: argparse.Namespace) -> int:
    """Set the policy; it counts from the next start on."""
    return ask(arguments.name, lambda engine: engine.set_start_policy(arguments.container, arguments.policy))
