"""The theme files, and what is said of a wrong one."""

from importlib.resources import files

import pytest

from tui.themes import THEME_FILES, ThemeError, load_stylesheet, load_themes, parse_theme

DARK = (files("themes") / "dark.toml").read_text(encoding="utf-8")


def test_there_is_a_dark_and_a_light_theme() -> None:
    assert [(theme.name, theme.dark) for theme in load_themes()] == [
        ("hybrid-dark", True),
        ("hybrid-light", False),
    ]


def test_every_theme_file_in_the_folder_is_loaded() -> None:
    found = {entry.name for entry in files("themes").iterdir() if entry.name.endswith(".toml")}
    assert found == set(THEME_FILES)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('hy-text = "#d6deeb"', 'hy-text = "#d6deeb', "dark.toml: Illegal character"),
        ("hy-text =", "hy-txet =", "unknown key variables.hy-txet; did you mean hy-text?"),
        ('hy-text = "#d6deeb"', "", "variables.hy-text is missing"),
        ('hy-text = "#d6deeb"', 'hy-text = "bleu"', "variables.hy-text = 'bleu' is no colour"),
        ('hy-text = "#d6deeb"', "hy-text = 7", "variables.hy-text = 7 is no colour"),
        ("dark = true", 'dark = "yes"', "theme.dark true or false"),
        ("\n[variables]\n", "\n[colours]\n", "unknown key colours"),
    ],
)
def test_a_wrong_theme_is_told_with_file_and_key(old: str, new: str, said: str) -> None:
    assert old in DARK
    with pytest.raises(ThemeError) as caught:
        parse_theme("dark.toml", DARK.replace(old, new, 1))
    assert "dark.toml" in str(caught.value)
    assert said in str(caught.value)


def test_a_table_that_is_no_table_is_told() -> None:
    with pytest.raises(ThemeError, match=r"write \[theme\]"):
        parse_theme("x.toml", "theme = 1\n[variables]\n")


def test_the_stylesheet_can_be_read() -> None:
    assert "DashboardScreen" in load_stylesheet()
