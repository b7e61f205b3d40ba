"""The application: themes, palette, help, and leaving."""

import subprocess
import sys

import pytest
from textual.command import CommandPalette

from core.control.messages import Reply
from tests.tui.frames import console
from tui.app import Console
from tui.screens.dialog import Dialog
from tui.screens.sheet import Sheet
from tui.source import SourceGone, StillSource


@pytest.mark.parametrize(
    ("wanted", "name"),
    [("", "hybrid-dark"), ("light", "hybrid-light"), ("hybrid-dark", "hybrid-dark"), ("pink", "hybrid-dark")],
)
def test_a_theme_is_found_by_its_short_name(wanted: str, name: str) -> None:
    assert Console(StillSource(), theme=wanted).theme == name


async def test_t_changes_the_theme_and_the_colours_drawn() -> None:
    app, _ = console()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        dark = app.dashboard.panes["regions"].render_line(0)
        await pilot.press("t")
        await pilot.pause()
        assert app.theme == "hybrid-light"
        light = app.dashboard.panes["regions"].render_line(0)
        assert dark.text == light.text
        assert [segment.style for segment in dark] != [segment.style for segment in light]
        await pilot.press("t")
        assert app.theme == "hybrid-dark"


@pytest.mark.parametrize("key", ["question_mark", "f1"])
@pytest.mark.parametrize("close", ["escape", "q", "enter"])
async def test_help_opens_and_closes(key: str, close: str) -> None:
    app, _ = console()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(key)
        await pilot.pause()
        assert isinstance(app.screen, Sheet)
        await pilot.press(close)
        await pilot.pause()
        assert app.screen_stack == [app.dashboard]
        assert app.is_running


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_the_palette_opens(key: str) -> None:
    app, _ = console()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(key)
        await pilot.pause()
        assert isinstance(app.screen, CommandPalette)


async def test_the_palette_runs_the_actions_of_the_table() -> None:
    app, _ = console()
    async with app.run_test(size=(80, 24)) as pilot:
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        assert "Kill  (ctrl+k)" in commands
        commands["Go to memory  (4)"].callback()
        await pilot.pause()
        assert app.dashboard.current == "memory"
        commands["Theme  (t)"].callback()
        await pilot.pause()
        assert app.theme == "hybrid-light"


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
async def test_leaving_asks_and_can_be_called_off(key: str) -> None:
    app, source = console()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(key)
        await pilot.pause()
        assert isinstance(app.screen, Dialog)
        await pilot.press("escape")
        await pilot.pause()
        assert app.is_running
        assert app.screen_stack == [app.dashboard]
    assert source.asked == []


@pytest.mark.parametrize(
    ("owner", "key", "asked"),
    [
        (True, "enter", [("stop_engine", "")]),
        (False, "enter", []),
        (True, "l", []),
        (False, "s", [("stop_engine", "")]),
    ],
)
async def test_leaving_stops_the_engine_when_that_is_chosen(
    owner: bool, key: str, asked: list[tuple[str, str]]
) -> None:
    app, source = console(owner=owner)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q", key)
        await pilot.pause()
        assert not app.is_running
    assert source.asked == asked
    assert app.return_code in (0, None)


async def test_a_demo_is_not_offered_to_be_left_running() -> None:
    app, source = console(owner=True, stays=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q", "l")
        await pilot.pause()
        assert app.is_running
        await pilot.press("enter")
        await pilot.pause()
        assert not app.is_running
    assert source.asked == [("stop_engine", "")]


async def test_an_engine_that_will_not_stop_keeps_the_console_open() -> None:
    app, source = console(owner=True)
    source.reply = Reply(id=0, ok=False, message="app-1 does not end")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("q", "enter")
        await pilot.pause()
        assert app.is_running
        assert any("app-1 does not end" in one.message for one in app._notifications)


async def test_without_an_engine_q_leaves_at_once() -> None:
    app, source = console(owner=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        source.fail("gone")
        await pilot.pause()
        await pilot.press("q")
        await pilot.pause()
        assert not app.is_running
    assert source.asked == []


class Vanishing(StillSource):
    """An engine that goes away when asked to stop."""

    async def stop_engine(self) -> Reply:
        raise SourceGone("gone")


async def test_an_engine_that_goes_while_stopping_ends_the_console() -> None:
    app = Console(Vanishing(), owner=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q", "s")
        await pilot.pause()
        assert not app.is_running


def test_the_console_imports_nothing_heavy() -> None:
    script = "import sys, tui.app, tui.live; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded & {"docker", "httpx", "pydantic", "uvicorn", "plotext", "aiohttp", "numpy"} == set()
    assert "core.metering" not in done.stdout.split()
