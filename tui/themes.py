"""Reads the theme files: one TOML file a theme, checked, as Textual themes."""

import difflib
import tomllib
from importlib.resources import files
from typing import Any

from textual.color import Color, ColorParseError
from textual.theme import Theme

THEME_FILES = ("dark.toml", "light.toml")
_BASE_COLOURS = (
    *("primary", "secondary", "accent", "success", "warning", "error"),
    *("foreground", "background", "surface", "panel"),
)
VARIABLES = (
    *("hy-text", "hy-strong", "hy-muted", "hy-faint", "hy-title", "hy-border", "hy-focus", "hy-cursor"),
    *("hy-bar", "hy-key", "hy-ok", "hy-warning", "hy-error"),
    *("hy-measured", "hy-simulated", "hy-emulated", "hy-cold", "hy-estimated", "hy-edge", "hy-region"),
    *("hy-memory", "hy-memory-hot", "hy-memory-full", "hy-cost", "hy-on-colour"),
    *("hy-phase-queue", "hy-phase-image", "hy-phase-create", "hy-phase-start", "hy-phase-boot"),
    "hy-phase-first-response",
)
"""The colours that every theme must give, beside the base colours."""


class ThemeError(ValueError):
    """A theme file that cannot be used; the message says where and why."""


def parse_theme(source: str, text: str) -> Theme:
    """Read one theme from the text of its file; ``source`` names the file in errors.

    Raises ThemeError for broken TOML, a missing or unknown key, or a value that is no colour.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ThemeError(f"{source}: {error}") from error
    _check_keys(source, "", data, ("theme", "variables"))
    base = _table(source, data, "theme")
    _check_keys(source, "theme.", base, ("name", "dark", *_BASE_COLOURS))
    variables = _table(source, data, "variables")
    _check_keys(source, "variables.", variables, VARIABLES)
    if not isinstance(base["name"], str) or not isinstance(base["dark"], bool):
        raise ThemeError(f"{source}: theme.name must be text and theme.dark true or false")
    for prefix, table in (("theme.", base), ("variables.", variables)):
        for key, value in table.items():
            if key not in ("name", "dark"):
                _check_colour(source, prefix + key, value)
    return Theme(**base, variables=dict(variables))


def load_themes() -> tuple[Theme, ...]:
    """Return the themes that come with the console, the default first."""
    room = files("themes")
    return tuple(parse_theme(name, (room / name).read_text(encoding="utf-8")) for name in THEME_FILES)


def load_stylesheet() -> str:
    """Return the text of the stylesheet."""
    return (files("themes") / "base.tcss").read_text(encoding="utf-8")


def _table(source: str, data: dict[str, Any], key: str) -> dict[str, Any]:
    table = data[key]
    if not isinstance(table, dict):
        raise ThemeError(f"{source}: {key} must be a table: write [{key}]")
    return table


def _check_keys(source: str, prefix: str, table: dict[str, Any], allowed: tuple[str, ...]) -> None:
    for key in table:
        if key not in allowed:
            near = difflib.get_close_matches(key, allowed, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ThemeError(f"{source}: unknown key {prefix}{key}{hint}")
    for key in allowed:
        if key not in table:
            raise ThemeError(f"{source}: {prefix}{key} is missing")


def _check_colour(source: str, key: str, value: Any) -> None:
    try:
        Color.parse(str(value))
    except ColorParseError as error:
        raise ThemeError(f'{source}: {key} = {value!r} is no colour: write one such as "#5cc8ff"') from error
