"""Pages above the dashboard: scrolling, closing, copying."""

import pytest

from tests.tui.frames import console
from tui.panes.rows import Row, row
from tui.screens.sheet import Sheet


def hundred(width: int) -> list[Row]:
    return [row(width, (f"line {number}", "text")) for number in range(100)]


@pytest.mark.parametrize(
    ("keys", "first"),
    [
        ((), 0),
        (("j", "down"), 2),
        (("j", "k", "k"), 0),
        (("pagedown",), 19),
        (("G",), 80),
        (("end", "g"), 0),
        (("end", "pageup"), 61),
        (("space", "up"), 18),
    ],
    ids=str,
)
async def test_keys_scroll(keys: tuple[str, ...], first: int) -> None:
    app, _ = console()
    async with app.run_test(size=(80, 24)) as pilot:
        sheet = Sheet("Lines", hundred)
        app.push_screen(sheet)
        await pilot.pause()
        await pilot.press(*keys)
        assert sheet.sheet.drawn_rows[0].text.strip() == f"line {first}"
        assert f"{first + 1}-{first + 20} of 100" in str(sheet.sheet.border_subtitle)


async def test_a_short_page_takes_only_the_room_it_needs() -> None:
    app, _ = console()
    async with app.run_test(size=(80, 24)) as pilot:
        sheet = Sheet("Short", lambda width: hundred(width)[:3])
        app.push_screen(sheet)
        await pilot.pause()
        assert sheet.sheet.outer_size.height == 5
        await pilot.resize_terminal(50, 20)
        await pilot.pause()
        assert sheet.sheet.outer_size.width == 48


@pytest.mark.parametrize("key", ["escape", "q", "enter"])
async def test_closing_goes_back(key: str) -> None:
    app, _ = console()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(Sheet("Lines", hundred))
        await pilot.pause()
        await pilot.press(key)
        await pilot.pause()
        assert app.screen is app.dashboard


async def test_y_copies_the_whole_page() -> None:
    app, _ = console()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(Sheet("Lines", hundred))
        await pilot.pause()
        await pilot.press("y")
        assert app.clipboard.splitlines()[-1] == "line 99"
