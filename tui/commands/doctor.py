"""``doctor``: what is wrong on this machine, and the exact way to mend it."""

import argparse
import asyncio
import json
import os
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import asdict

from core.diagnosis import Finding, examine

SMALLEST = (80, 24)
"""Columns and lines that the console is drawn for; it works below, with less on the screen."""


def run(arguments: argparse.Namespace) -> int:
    """Print every finding; the exit code is 1 when something is to be mended."""
    findings = [*asyncio.run(examine(arguments.port)), *_terminal()]
    healthy = all(one.ok for one in findings)
    if arguments.json:
        print(json.dumps({"ok": healthy, "findings": [asdict(one) for one in findings]}, indent=2))
    else:
        print("\n".join(as_lines(findings, _width())))
    return 0 if healthy else 1


def _terminal() -> list[Finding]:
    if not sys.stdout.isatty():
        return []
    columns, lines = os.get_terminal_size(sys.stdout.fileno())
    return [
        size_finding(columns, lines),
        colour_finding(os.environ),
        encoding_finding(sys.stdout.encoding),
    ]


def _width() -> int:
    return os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else 0


def size_finding(columns: int, lines: int) -> Finding:
    """Say whether the whole dashboard fits."""
    if columns >= SMALLEST[0] and lines >= SMALLEST[1]:
        return Finding("Terminal size", True, f"{columns} columns, {lines} lines")
    wanted = f"{SMALLEST[0]} columns and {SMALLEST[1]} lines"
    return Finding("Terminal size", False, f"{columns} columns, {lines} lines", f"make it at least {wanted}")


def colour_finding(environment: Mapping[str, str]) -> Finding:
    """Say how many colours the terminal claims to have; without colour everything can still be read."""
    subject = "Colours"
    terminal = environment.get("TERM", "")
    if environment.get("NO_COLOR"):
        return Finding(subject, True, "none, as NO_COLOR asks")
    if environment.get("COLORTERM") in ("truecolor", "24bit"):
        return Finding(subject, True, f"16 million (COLORTERM={environment['COLORTERM']})")
    if "256" in terminal or "direct" in terminal:
        return Finding(
            subject, True, f"256 (TERM={terminal}); with COLORTERM=truecolor in the environment, all"
        )
    if terminal in ("", "dumb"):
        return Finding(subject, False, f"TERM={terminal or 'is not set'}", "export TERM=xterm-256color")
    return Finding(
        subject, True, f"few (TERM={terminal}); export TERM=xterm-256color where the terminal has more"
    )


def encoding_finding(encoding: str) -> Finding:
    """Say whether lines and blocks can be printed."""
    if encoding.lower().replace("-", "") == "utf8":
        return Finding("Encoding", True, "UTF-8")
    return Finding("Encoding", False, f"{encoding} cannot show the console's lines", "export LC_ALL=C.UTF-8")


def as_lines(findings: list[Finding], width: int) -> list[str]:
    """Return the findings for people, wrapped to ``width`` columns; 0 means not at all."""
    column = max(len(one.subject) for one in findings)
    lines = []
    for one in findings:
        lines += _wrapped(f"{'ok  ' if one.ok else 'FIX '} {one.subject:{column}}  ", one.message, width)
        if one.advice:
            lines += _wrapped(" " * (column + 7), one.advice, width)
    return lines


def _wrapped(start: str, text: str, width: int) -> list[str]:
    if width <= len(start) + 20:
        return [start + text]
    return textwrap.wrap(text, width, initial_indent=start, subsequent_indent=" " * len(start))
