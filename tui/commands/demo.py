"""``demo``: a small shop in three regions that needs neither Docker nor a project."""

from tui.commands.up import run

__all__ = ["run"]
