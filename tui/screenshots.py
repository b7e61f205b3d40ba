"""Draws pictures of the console, as SVG, from recorded events: the same every time."""

import asyncio
import re
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

from core.frames.fold import FrameFold
from core.frames.frame import Frame
from tui.app import Console
from tui.recordings import load
from tui.source import StillSource

DEFAULT_FOLDER = "screenshots"
THEMES = {"dark": "hybrid-dark", "light": "hybrid-light"}
_WEB_FONT = re.compile(r"\s*@font-face\s*\{[^}]*\}")
_FONTS = "font-family: Fira Code, DejaVu Sans Mono, Menlo, Consolas, monospace;"


class Picture(NamedTuple):
    """One picture: what is shown, and the keys that lead to it."""

    name: str
    recording: str
    keys: tuple[str, ...] = ()
    columns: int = 120
    rows: int = 36


PICTURES: tuple[Picture, ...] = (
    Picture("dashboard", "busy", ("1", "j", "j", "j")),
    Picture("dashboard-small", "busy", (), 80, 24),
    Picture("dashboard-large", "busy", (), 200, 50),
    Picture("starting", "starting"),
    Picture("failing", "failing"),
    Picture("regions", "busy", ("1", "z"), 130, 34),
    Picture("flow", "busy", ("2", "z"), 120, 30),
    Picture("cold-starts", "busy", ("3", "z"), 120, 36),
    Picture("memory", "failing", ("4", "z"), 100, 30),
    Picture("cost", "busy", ("5", "z"), 100, 24),
    Picture("request", "starting", ("2", "G", "enter"), 100, 30),
    Picture("decisions", "busy", ("d",), 120, 28),
    Picture("start-policy", "busy", ("1", "j", "j", "p"), 100, 30),
    Picture("isolates", "failing", ("i",), 120, 24),
    Picture("help", "busy", ("question_mark",), 100, 70),
)


@cache
def recorded_frame(name: str) -> Frame:
    """Return the frame at the end of a recording."""
    fold = FrameFold()
    events = load(name)
    for event in events:
        fold.apply(event)
    return fold.frame(events[-1].time_s)


async def draw(picture: Picture, theme: str) -> str:
    """Return a picture in a theme (``dark`` or ``light``) as the text of an SVG file."""
    console = Console(StillSource([recorded_frame(picture.recording)]), theme=THEMES[theme])
    async with console.run_test(size=(picture.columns, picture.rows)) as pilot:
        await pilot.pause()
        await pilot.press(*picture.keys)
        await pilot.pause()
        return offline(console.export_screenshot(title="hybrid-tui"))


def offline(svg: str) -> str:
    """Return the SVG without web fonts, so that it looks the same without a network."""
    return re.sub(r"font-family: ?[^;]+;", _FONTS, _WEB_FONT.sub("", svg)).rstrip() + "\n"


async def _draw_all(folder: Path) -> None:
    for picture in PICTURES:
        for theme in THEMES:
            path = folder / f"{picture.name}-{theme}.svg"
            path.write_text(await draw(picture, theme), encoding="utf-8")
            print(path)


def main(arguments: list[str]) -> int:
    """Draw all pictures into a folder and return the exit code."""
    folder = Path(arguments[0] if arguments else DEFAULT_FOLDER)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(_draw_all(folder))
    except OSError as error:
        print(
            f"Cannot write to {error.filename or folder}: {error.strerror}. Name another folder.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
