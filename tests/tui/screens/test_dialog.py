"""The dialog: keys, mouse and width."""

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from tests.tui.frames import THEMES, console
from tui.app import Console
from tui.screens.dialog import Choice, Dialog

CHOICES = (Choice("n", "Cancel", ""), Choice("y", "Do it", "done", danger=True))


async def answer_of(app: Console, pilot: Pilot[None], *keys: str) -> str | None:
    answers: list[str | None] = []
    app.push_screen(Dialog("Do it?", ["It will be done, and cannot be undone."], CHOICES), answers.append)
    await pilot.pause()
    await pilot.press(*keys)
    await pilot.pause()
    return answers[0] if answers else "open"


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (("y",), "done"),
        (("n",), ""),
        (("escape",), ""),
        (("q",), ""),
        (("enter",), ""),
        (("right", "enter"), "done"),
        (("tab", "tab", "enter"), ""),
        (("left", "enter"), "done"),
        (("x",), "open"),
    ],
    ids=str,
)
async def test_keys_choose(keys: tuple[str, ...], answer: str) -> None:
    app, _ = console()
    async with app.run_test(size=(80, 24)) as pilot:
        assert await answer_of(app, pilot, *keys) == answer


@pytest.mark.parametrize(("x", "answer"), [(2, ""), (13, "done"), (50, "open")])
async def test_the_mouse_chooses(x: int, answer: str) -> None:
    app, _ = console()
    async with app.run_test(size=(80, 24)) as pilot:
        answers: list[str | None] = []
        dialog = Dialog("Do it?", ["It will be done."], CHOICES)
        app.push_screen(dialog, answers.append)
        await pilot.pause()
        await pilot.click(dialog.sheet, offset=(2 + x, dialog.sheet.outer_size.height - 2))
        await pilot.pause()
        assert (answers[0] if answers else "open") == answer


STACKED = (Choice("1", "one", "first", note="the first of them"), *CHOICES)


@pytest.mark.parametrize(("line", "answer"), [(0, "first"), (1, ""), (2, "done"), (-1, "open")])
async def test_choices_with_notes_stand_below_each_other(line: int, answer: str) -> None:
    app, _ = console()
    async with app.run_test(size=(80, 24)) as pilot:
        answers: list[str | None] = []
        dialog = Dialog("Which?", ["Take one."], STACKED)
        app.push_screen(dialog, answers.append)
        await pilot.pause()
        drawn = [row.text for row in dialog.sheet.drawn_rows]
        assert "the first of them" in drawn[-3]
        assert "Do it" in drawn[-1]
        await pilot.click(dialog.sheet, offset=(4, dialog.sheet.outer_size.height - 4 + line))
        await pilot.pause()
        assert (answers[0] if answers else "open") == answer


@pytest.mark.parametrize("width", [30, 60, 200])
async def test_the_whole_text_is_shown_at_every_width(width: int) -> None:
    app, _ = console()
    async with app.run_test(size=(width, 24)) as pilot:
        dialog = Dialog("Do it?", ["It will be done, and cannot be undone."], CHOICES)
        app.push_screen(dialog)
        await pilot.pause()
        text = " ".join(row.text.strip() for row in dialog.sheet.drawn_rows)
        assert "It will be done, and cannot be undone." in text
        assert "y Do it" in text


@pytest.mark.parametrize("theme", THEMES)
def test_the_kill_question_looks_as_before(snap_compare: Callable[..., bool], theme: str) -> None:
    app, _ = console("busy", theme=theme)
    assert snap_compare(app, press=["j", "j", "ctrl+k"], terminal_size=(80, 24))


@pytest.mark.parametrize("theme", THEMES)
def test_the_question_on_leaving_looks_as_before(snap_compare: Callable[..., bool], theme: str) -> None:
    app, _ = console("busy", theme=theme, owner=True)
    assert snap_compare(app, press=["q"], terminal_size=(80, 24))
