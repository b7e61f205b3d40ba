"""The question for a number."""

import pytest

from tests.tui.frames import console
from tui.screens.number import NumberDialog


def explained(number: int) -> list[str]:
    return [f"{number} of them."]


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (("enter",), "7"),
        (("4", "enter"), "4"),
        (("1", "2", "enter"), "12"),
        (("up", "up", "enter"), "9"),
        (("j", "enter"), "6"),
        (("9", "9", "enter"), "20"),
        (("0", "down", "enter"), "0"),
        (("3", "backspace", "enter"), "0"),
        (("backspace", "5", "enter"), "5"),
        (("x", "enter"), "7"),
        (("a",), "auto"),
        (("escape",), ""),
        (("q",), ""),
    ],
    ids=str,
)
async def test_a_number_is_typed_or_stepped_within_its_bounds(keys: tuple[str, ...], answer: str) -> None:
    app, _ = console()
    async with app.run_test(size=(80, 24)) as pilot:
        answers: list[str | None] = []
        app.push_screen(NumberDialog("How many?", 7, 20, explained), answers.append)
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        assert answers == [answer]


async def test_it_says_at_once_what_the_number_will_do() -> None:
    app, _ = console()
    async with app.run_test(size=(80, 24)) as pilot:
        dialog = NumberDialog("How many?", 7, 20, explained)
        app.push_screen(dialog)
        await pilot.pause()
        assert "7 of them." in "\n".join(row.text for row in dialog.sheet.drawn_rows)
        await pilot.press("3")
        await pilot.pause()
        assert "3 of them." in "\n".join(row.text for row in dialog.sheet.drawn_rows)
