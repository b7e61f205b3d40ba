"""The dashboard: keys, pause, zoom, small terminals, a lost engine, and how it looks."""

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from tests.tui.frames import SIZES, THEMES, changed, console, frame
from tui.app import Console
from tui.panes.catalog import BOXED
from tui.screens.dashboard import FRAMES_PER_SECOND, FRAMES_PER_SECOND_BLURRED
from tui.screens.sheet import Sheet
from tui.source import StillSource

BUSY_FIRST = "app-1"
Snap = Callable[..., bool]


def text_of(app: Console, pane: str) -> str:
    return "\n".join(row.text for row in app.dashboard.panes[pane].drawn_rows)


@pytest.mark.parametrize("key", ["1", "2", "3", "4", "5"])
async def test_digits_focus_the_panes(key: str) -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("3" if key == "1" else "1", key)
        names = ["regions", "flow", "cold_starts", "memory", "cost"]
        assert app.focused is app.dashboard.panes[names[int(key) - 1]]


async def test_tab_walks_the_panes_in_a_ring() -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        seen = []
        for _ in range(6):
            seen.append(app.dashboard.current)
            await pilot.press("tab")
        assert seen == ["regions", "flow", "cold_starts", "memory", "cost", "regions"]
        await pilot.press("shift+tab", "shift+tab")
        assert app.dashboard.current == "cost"


@pytest.mark.parametrize(
    ("keys", "selected"),
    [
        (["j"], "region:us-east"),
        (["j", "j"], BUSY_FIRST),
        (["down", "down", "k"], "region:us-east"),
        (["j", "j", "up"], "region:us-east"),
        (["G"], "app-16"),
        (["end", "g"], "region:us-east"),
        (["end", "home"], "region:us-east"),
        (["j", "k", "k"], "region:us-east"),
        (["G", "j"], "app-16"),
        (["j", "escape"], ""),
    ],
    ids="-".join,
)
async def test_keys_move_the_selection(keys: list[str], selected: str) -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press(*keys)
        pane = app.dashboard.panes["regions"]
        assert pane.view.selected == selected
        assert [row.key for row in pane.drawn_rows if row.cursor] == ([selected] if selected else [])


async def test_pages_move_by_what_is_shown() -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        pane = app.dashboard.panes["regions"]
        await pilot.press("j", "pagedown")
        assert pane.keys().index(pane.view.selected) == pane.page_rows()
        await pilot.press("pageup")
        assert pane.view.selected == "region:us-east"


@pytest.mark.parametrize("key", ["z", "plus", "enter"])
async def test_zoom_gives_a_pane_the_screen_and_escape_takes_it_back(key: str) -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("4", key)
        await pilot.pause()
        visible = [name for name, pane in app.dashboard.panes.items() if pane.spec.boxed and pane.size.width]
        assert [name for name in visible if app.dashboard.panes[name].display] == ["memory"]
        assert app.dashboard.panes["memory"].outer_size.width == 120
        await pilot.press("2")
        await pilot.pause()
        assert app.dashboard.panes["flow"].outer_size.width == 120
        await pilot.press("escape")
        await pilot.pause()
        assert app.dashboard.panes["flow"].outer_size.width < 100
        assert all(pane.display for pane in app.dashboard.panes.values())


def shown(app: Console) -> list[str]:
    panes = app.dashboard.panes.values()
    return [one.id or "" for one in panes if one.spec.boxed and one.region.width]


@pytest.mark.parametrize("back", ["i", "escape", "z"])
async def test_isolates_take_the_screen_and_give_it_back(back: str) -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("4", "i")
        await pilot.pause()
        assert shown(app) == ["isolates"]
        assert app.focused is app.dashboard.panes["isolates"]
        assert "deno" in text_of(app, "isolates")
        await pilot.press(back)
        await pilot.pause()
        assert shown(app) == ["regions", "flow", "cold_starts", "memory", "cost"]
        assert app.focused is app.dashboard.panes["memory"]


async def test_a_zoom_is_as_before_after_the_isolates() -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("4", "z", "i", "i")
        await pilot.pause()
        assert shown(app) == ["memory"]


@pytest.mark.parametrize(
    ("keys", "current"), [(["2"], "flow"), (["tab"], "cost"), (["shift+tab"], "cold_starts")]
)
async def test_going_to_another_pane_closes_the_isolates(keys: list[str], current: str) -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("4", "i", *keys)
        await pilot.pause()
        assert len(shown(app)) == 5
        assert app.dashboard.current == current


async def test_isolates_show_in_a_small_terminal_too() -> None:
    app, _ = console()
    async with app.run_test(size=(50, 14)) as pilot:
        await pilot.press("i")
        await pilot.pause()
        assert shown(app) == ["isolates"]
        await pilot.press("escape")
        await pilot.pause()
        assert shown(app) == ["regions"]


async def test_pause_freezes_the_picture_and_says_so() -> None:
    app, source = console("quiet")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("space")
        source.push(frame("busy"))
        await pilot.pause()
        assert "app-17" not in text_of(app, "regions")
        assert "paused" in text_of(app, "header")
        await pilot.press("space")
        assert "app-17" in text_of(app, "regions")
        assert "paused" not in text_of(app, "header")


async def test_a_selection_stays_with_its_request_while_new_ones_come() -> None:
    app, source = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("2", "j", "j")
        chosen = app.dashboard.pane.view.selected
        assert chosen == frame("busy").requests[-2].trace_id
        shorter = changed("busy", requests=frame("busy").requests[:-1])
        source.push(shorter)
        await pilot.pause()
        rows = [row.key for row in app.dashboard.pane.drawn_rows if row.key]
        assert rows[0] == chosen


async def test_copying_takes_the_selected_row() -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "j", "y")
        assert "app-1" in app.clipboard
        assert "190 MiB" in app.clipboard


async def test_copying_nothing_says_how_to_select() -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.press("y")
        assert app.clipboard == ""
        assert any("Select a row first" in one.message for one in app._notifications)


async def test_a_click_selects_the_row_and_focuses_its_pane() -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.click("#memory", offset=(5, 2))
        assert app.focused is app.dashboard.panes["memory"]
        assert app.dashboard.panes["memory"].view.selected == "app-2"


async def test_an_engine_that_goes_away_leaves_a_banner_and_its_return_takes_it_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui.screens.dashboard.RECONNECT_S", 0.0)
    app, source = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        source.fail("The engine does not answer.")
        await pilot.pause()
        assert "The engine does not answer." in text_of(app, "problems")
        assert "q leaves the console" in text_of(app, "problems")
        assert "no engine" in text_of(app, "header")
        source.push(frame("quiet"))
        await pilot.pause()
        assert "does not answer" not in text_of(app, "problems")
        assert "no engine" not in text_of(app, "header")
        assert source.rates == [FRAMES_PER_SECOND, FRAMES_PER_SECOND]


async def test_an_engine_that_stopped_is_told_from_one_that_was_lost() -> None:
    app, source = console()
    async with app.run_test(size=(120, 36)) as pilot:
        source.push(changed("busy", state="stopped"))
        await pilot.pause()
        assert "the engine has stopped" in text_of(app, "problems").lower()


async def test_an_unfocused_terminal_asks_for_fewer_frames() -> None:
    app, source = console()
    async with app.run_test(size=(120, 36)) as pilot:
        app.app_focus = False
        await pilot.pause()
        app.app_focus = True
        await pilot.pause()
        assert source.rates == [FRAMES_PER_SECOND, FRAMES_PER_SECOND_BLURRED, FRAMES_PER_SECOND]


@pytest.mark.parametrize("size", [(55, 24), (80, 15), (40, 10), (20, 6)], ids=str)
async def test_a_small_terminal_shows_one_pane_at_a_time(size: tuple[int, int]) -> None:
    app, _ = console()
    async with app.run_test(size=size) as pilot:
        for key, name in (("2", "flow"), ("5", "cost")):
            await pilot.press(key)
            await pilot.pause()
            shown = [spec for spec, pane in app.dashboard.panes.items() if pane.spec.boxed and pane.display]
            assert shown == [name]
            assert app.dashboard.panes[name].outer_size.width == size[0]


async def test_growing_the_terminal_brings_all_panes_back() -> None:
    app, _ = console()
    async with app.run_test(size=(50, 15)) as pilot:
        await pilot.resize_terminal(120, 36)
        await pilot.pause()
        assert all(pane.display for pane in app.dashboard.panes.values())


async def test_every_pane_is_on_the_screen_at_80_by_24() -> None:
    app, _ = console("busy")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for name, pane in app.dashboard.panes.items():
            if pane.spec in BOXED:
                assert pane.size.height >= 6, name
                assert text_of(app, name).strip(), name


async def test_only_changed_rows_are_drawn_again() -> None:
    app, source = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        source.push(changed("busy", time_s=frame("busy").time_s + 0.01))
        await pilot.pause()
        for name in ("regions", "memory", "cost"):
            pane = app.dashboard.panes[name]
            assert pane.clean_rows >= pane.size.height - 2, name


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_busy_looks_as_before(snap_compare: Snap, size: tuple[int, int], theme: str) -> None:
    app, _ = console("busy", theme=theme)
    assert snap_compare(app, terminal_size=size)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["failing", "starting", "quiet", "empty"])
def test_other_states_look_as_before(snap_compare: Snap, name: str, theme: str) -> None:
    app, _ = console(name, theme=theme)
    assert snap_compare(app, terminal_size=(120, 36))


def test_a_lost_engine_looks_as_before(snap_compare: Snap) -> None:
    app, source = console("busy")

    async def lose(pilot: Pilot[None]) -> None:
        await pilot.pause()
        source.fail("The engine does not answer: Connection refused.")
        await pilot.pause()

    assert snap_compare(app, terminal_size=(120, 36), run_before=lose)


@pytest.mark.parametrize("name", ["busy", "failing", "starting"])
def test_without_colours_it_looks_as_before(
    snap_compare: Snap, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app, _ = console(name)
    assert snap_compare(app, terminal_size=(120, 36))


async def test_a_still_source_ends_with_its_screen() -> None:
    source = StillSource([frame("quiet")])
    app = Console(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "shop" in text_of(app, "header")


async def test_one_pane_aside_gives_way_to_the_other_and_both_lead_back() -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("4", "i", "d")
        assert app.dashboard.current == "decisions"
        await pilot.press("d")
        assert (app.dashboard.current, app.dashboard.zoomed) == ("memory", "")


async def test_a_decision_opens_with_its_whole_reason() -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("d", "j", "enter")
        await pilot.pause()
        assert isinstance(app.screen, Sheet)
        assert "asked for by a person" in "\n".join(row.text for row in app.screen.sheet.drawn_rows)
