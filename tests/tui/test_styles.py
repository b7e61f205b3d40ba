"""Style names and what themes make of them."""

import pytest
from rich.color import Color

from tui.styles import LOOKS, palette
from tui.themes import VARIABLES, load_themes


def test_every_style_uses_variables_that_every_theme_has() -> None:
    used = {look.colour for look in LOOKS.values()} | {look.background for look in LOOKS.values()} - {""}
    assert used <= set(VARIABLES)


def test_a_palette_has_every_style_twice() -> None:
    theme = load_themes()[0]
    styles = palette(theme.variables, "#000000")
    assert set(styles) == {*LOOKS, *(f"{name}@cursor" for name in LOOKS)}
    assert styles["text"].bgcolor == Color.parse("#000000")
    assert styles["text@cursor"].bgcolor == Color.parse(theme.variables["hy-cursor"])


def luminance(colour: Color | None) -> float:
    """Return the relative luminance (WCAG 2.2)."""
    assert colour is not None
    parts = [part / 255 for part in colour.get_truecolor()]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


@pytest.mark.parametrize("theme", load_themes(), ids=lambda theme: theme.name)
@pytest.mark.parametrize("name", [name for name in LOOKS if name != "faint"])
def test_text_is_readable(theme: object, name: str) -> None:
    from textual.theme import Theme

    assert isinstance(theme, Theme)
    assert theme.background is not None
    style = palette(theme.variables, theme.background)[name]
    light, dark = sorted((luminance(style.color), luminance(style.bgcolor)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.0, f"{name} in {theme.name}"
