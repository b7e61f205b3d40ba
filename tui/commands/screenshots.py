"""``screenshots``: draw pictures of the console from recorded streams."""

import argparse


def run(arguments: argparse.Namespace) -> int:
    """Draw the pictures into a folder."""
    from tui.screenshots import main

    return main([arguments.folder])
