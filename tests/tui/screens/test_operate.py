"""Acting on instances: asked first, told what is lost, and the answer shown."""

import pytest

from core.control.messages import InstanceActionName, Reply
from core.frames.frame import InstanceRow
from tests.tui.frames import console, frame
from tui.app import Console
from tui.screens.dialog import Dialog
from tui.screens.operate import find_instance, instance_of, warning_lines
from tui.screens.sheet import Sheet
from tui.source import SourceGone, StillSource

KEYS = {"stop": "x", "restart": "r", "kill": "ctrl+k"}


def messages(app: Console) -> str:
    return "\n".join(f"{one.title} {one.message}" for one in app._notifications)


def instance(name: str, of: str = "busy") -> InstanceRow:
    found = find_instance(frame(of), name)
    assert found is not None
    return found


@pytest.mark.parametrize("action", KEYS)
async def test_a_dangerous_key_asks_and_yes_does_it(action: str) -> None:
    app, source = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "j", KEYS[action])
        await pilot.pause()
        assert isinstance(app.screen, Dialog)
        assert "disk is lost" in "\n".join(app.screen.lines)
        assert source.asked == []
        await pilot.press("y")
        await pilot.pause()
    assert source.asked == [(action, "app-1")]


@pytest.mark.parametrize("action", KEYS)
@pytest.mark.parametrize("key", ["n", "escape", "enter"])
async def test_a_dangerous_key_followed_by_no_does_nothing(action: str, key: str) -> None:
    app, source = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "j", KEYS[action], key)
        await pilot.pause()
        assert app.screen is app.dashboard
    assert source.asked == []


async def test_start_acts_on_the_selected_instance_at_once() -> None:
    app, source = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "j", "s")
        await pilot.pause()
    assert source.asked == [("start", "app-1")]


async def test_start_without_a_selection_asks_which_class() -> None:
    app, source = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("s")
        await pilot.pause()
        assert isinstance(app.screen, Dialog)
        await pilot.press("2")
        await pilot.pause()
    assert source.asked == [("start", frame("busy").containers[1].name)]


async def test_start_without_containers_says_so() -> None:
    app, source = console("empty")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.press("s")
        assert "has no containers" in messages(app)
    assert source.asked == []


@pytest.mark.parametrize(
    ("keys", "said"), [(("j", "x"), "That is a region"), (("x",), "No instance is selected")]
)
async def test_an_action_without_an_instance_says_how_to_choose(keys: tuple[str, ...], said: str) -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.press(*keys)
        assert said in messages(app)
        assert app.screen is app.dashboard


async def test_a_refusal_is_shown_with_its_reason() -> None:
    app, source = console()
    source.reply = Reply(id=0, ok=False, message="app-1 is being stopped already")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.press("j", "j", "s")
        await pilot.pause()
        assert "Could not start app-1 app-1 is being stopped already" in messages(app)


class Gone(StillSource):
    """An engine that is no longer there."""

    async def act(self, action: InstanceActionName, instance: str) -> Reply:
        raise SourceGone("The engine does not answer.")


async def test_an_action_without_an_engine_is_told() -> None:
    app = Console(Gone([frame("busy")]))
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.pause()
        await pilot.press("j", "j", "s")
        await pilot.pause()
        assert "The engine does not answer." in messages(app)
        assert app.is_running


@pytest.mark.parametrize(
    ("pane", "key", "name"),
    [
        ("regions", "app-1", "app-1"),
        ("regions", "region:us-east", None),
        ("memory", "app-2", "app-2"),
        ("flow", frame("busy").requests[-1].trace_id, frame("busy").requests[-1].instance or None),
        ("flow", "unknown", None),
        ("cold_starts", "app-3@1.000000", "app-3"),
        ("cost", "Container memory", None),
    ],
)
def test_the_instance_behind_a_row_is_found(pane: str, key: str, name: str | None) -> None:
    found = instance_of(frame("busy"), pane, key)
    assert (found.instance if found else None) == name


def test_the_warning_says_what_is_in_flight() -> None:
    busy = warning_lines("kill", instance("app-2"))
    assert any("requests a second reach it now" in line for line in busy)
    waiting = warning_lines("stop", instance("app-17"))
    assert "4 requests wait for it." in waiting


@pytest.mark.parametrize(
    ("keys", "title"),
    [
        (("j", "j", "enter"), "Instance app-1"),
        (("2", "j", "enter"), f"Request {frame('busy').requests[-1].trace_id}"),
        (("3", "j", "enter"), "Cold start of app-17"),
        (("n",), "Notices"),
    ],
)
async def test_enter_opens_what_is_behind_the_row(keys: tuple[str, ...], title: str) -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
        assert isinstance(app.screen, Sheet)
        assert app.screen.title_text == title
