"""The pictures: the ones in the repository are what the command draws."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tui.screenshots import DEFAULT_FOLDER, PICTURES, THEMES, Picture, draw, main, offline

FOLDER = Path(__file__).parents[2] / DEFAULT_FOLDER


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
async def test_the_repository_holds_what_the_command_draws(picture: Picture, theme: str) -> None:
    drawn = await draw(picture, theme)
    kept = (FOLDER / f"{picture.name}-{theme}.svg").read_text("utf-8")
    assert drawn == kept, "run python -m tui.screenshots"


def test_the_folder_holds_nothing_else() -> None:
    expected = {f"{picture.name}-{theme}.svg" for picture in PICTURES for theme in THEMES}
    assert {path.name for path in FOLDER.glob("*.svg")} == expected


def test_a_picture_needs_no_network_and_is_well_formed() -> None:
    for path in FOLDER.glob("*.svg"):
        text = path.read_text("utf-8")
        assert "@font-face" not in text
        ElementTree.fromstring(text)


def test_web_fonts_are_taken_out() -> None:
    svg = "<style>\n @font-face { src: url(x); }\n .a { font-family: Web; }</style>"
    assert "@font-face" not in offline(svg)
    assert "monospace" in offline(svg)


def test_a_folder_that_cannot_be_written_is_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main([str(tmp_path / "file" / "pictures")]) == 1
    assert "Cannot write to" in capsys.readouterr().err
