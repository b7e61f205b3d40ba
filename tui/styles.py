"""The style names that layouts use, and how a theme's variables turn them into styles."""

from collections.abc import Mapping
from typing import NamedTuple

from rich.style import Style


class Look(NamedTuple):
    """A style by theme variables. An empty background is the pane's own."""

    colour: str
    background: str = ""
    bold: bool = False


_PLAIN = {
    name: Look(f"hy-{name}")
    for name in (
        *("text", "muted", "faint", "title", "ok", "warning", "measured", "emulated", "cold", "estimated"),
        "simulated",
        *("edge", "region", "memory", "memory-hot", "cost", "key"),
    )
}
_BAR = {
    f"bar-{name}": Look(f"hy-{colour}", "hy-bar", bold)
    for name, colour, bold in (
        ("text", "text", False),
        ("muted", "muted", False),
        ("strong", "strong", False),
        ("title", "title", True),
        ("accent", "focus", False),
        ("warning", "warning", True),
        ("error", "error", True),
        ("cost", "cost", False),
        ("key", "key", True),
    )
}
_PHASES = {
    f"phase-{name}": Look("hy-on-colour", f"hy-phase-{name.replace('_', '-')}")
    for name in ("image", "create", "start", "boot", "first_response")
}
_WAITING = {"phase-queue": Look("hy-phase-queue"), "phase-delay": Look("hy-emulated")}
"""Phases that are no work have no block of colour: see their fills in ``tui.panes.states``."""
LOOKS: dict[str, Look] = {
    **_PLAIN,
    **_BAR,
    **_PHASES,
    **_WAITING,
    "strong": Look("hy-strong", bold=True),
    "error": Look("hy-error", bold=True),
    "starting": Look("hy-cold"),
    "rate": Look("hy-text"),
    "driver": Look("hy-edge"),
    "memory-full": Look("hy-memory-full", bold=True),
    "badge": Look("hy-on-colour", "hy-warning", bold=True),
    "badge-distance": Look("hy-on-colour", "hy-emulated", bold=True),
    "badge-error": Look("hy-on-colour", "hy-error", bold=True),
    "button": Look("hy-text", "hy-bar"),
    "button-on": Look("hy-on-colour", "hy-focus", bold=True),
}


def palette(variables: Mapping[str, str], background: str) -> dict[str, Style]:
    """Return every style on ``background``, a colour; ``variables`` are the theme's.

    Each also comes as ``NAME@cursor``, the same in the selected row.
    """
    styles: dict[str, Style] = {}
    for name, look in LOOKS.items():
        own = variables[look.background] if look.background else None
        styles[name] = Style(color=variables[look.colour], bgcolor=own or background, bold=look.bold)
        styles[f"{name}@cursor"] = Style(
            color=variables[look.colour], bgcolor=own or variables["hy-cursor"], bold=look.bold
        )
    return styles
