"""Steering a running deployment: distance, instances wanted, start policy."""

from collections.abc import Callable

import pytest

from core.control.messages import Reply
from core.model.start_policies import START_POLICIES
from tests.tui.frames import THEMES, changed, console, frame
from tests.tui.screens.test_operate import messages
from tui.app import Console
from tui.panes.decisions import decision_key
from tui.screens.dialog import Dialog
from tui.screens.number import NumberDialog
from tui.screens.steer import POLICY_NOTES, place_of, places_of, wanted_lines
from tui.source import SourceGone, StillSource


@pytest.mark.parametrize(("now", "then"), [(1.0, "0"), (0.0, "2"), (2.0, "1"), (0.5, "1")])
async def test_l_goes_from_real_to_off_to_twice_and_back(now: float, then: str) -> None:
    source = StillSource([changed("busy", latency_scale=now)])
    app = Console(source)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await pilot.press("l")
        await pilot.pause()
    assert source.asked == [("latency", then)]


async def test_a_switched_distance_shows_with_the_next_frame() -> None:
    app, source = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("l")
        source.push(changed("busy", latency_scale=0.0))
        await pilot.pause()
        assert "distance off" in app.dashboard.panes["header"].drawn_rows[0].text
        assert any("distance is off" in row.text for row in app.dashboard.panes["flow"].drawn_rows)


@pytest.mark.parametrize(
    ("keys", "asked"),
    [
        (("j", "j", "w", "3", "enter"), "app us-east 3"),
        (("j", "j", "w", "a"), "app us-east auto"),
        (("G", "w", "up", "enter"), "app ap-northeast 6"),
        (("w", "1", "9", "enter"), "app us-east 9"),
        (("j", "w", "2", "2", "enter"), "render us-east 2"),
        (("d", "j", "w", "0", "enter"), "app us-east 0"),
    ],
    ids=str,
)
async def test_w_asks_for_a_number_of_the_selected_class_and_region(
    keys: tuple[str, ...], asked: str
) -> None:
    app, source = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
    assert source.asked == [("scale", asked)]


async def test_closing_the_question_changes_nothing() -> None:
    app, source = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "j", "w")
        assert isinstance(app.screen, NumberDialog)
        await pilot.press("escape", "p")
        await pilot.pause()
        assert isinstance(app.screen, Dialog)
        await pilot.press("n")
        await pilot.pause()
    assert source.asked == []


@pytest.mark.parametrize(("number", "policy"), enumerate(START_POLICIES, 1))
async def test_p_chooses_a_start_policy_for_the_selected_class(number: int, policy: str) -> None:
    app, source = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "j", "p", str(number))
        await pilot.pause()
    assert source.asked == [("start_policy", f"app {policy}")]


async def test_without_a_selection_p_asks_for_the_class_first() -> None:
    app, source = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("p", "2")
        await pilot.pause()
        await pilot.press("5")
        await pilot.pause()
    assert source.asked == [("start_policy", "render paused")]


@pytest.mark.parametrize("key", ["w", "p"])
async def test_without_containers_there_is_nothing_to_steer(key: str) -> None:
    app, source = console("empty")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.press(key)
        assert "has no containers" in messages(app)
    assert source.asked == []


async def test_a_refusal_says_why() -> None:
    app, source = console()
    source.reply = Reply(id=0, ok=False, message="app may have at most 20 instances")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.press("j", "j", "w", "9", "enter")
        await pilot.pause()
        assert "Not done: app in us-east: 9 wanted app may have at most 20" in messages(app)


class Gone(StillSource):
    """An engine that is no longer there."""

    async def set_latency(self, scale: float) -> Reply:
        raise SourceGone("The engine does not answer.")


async def test_without_an_engine_it_says_so() -> None:
    app = Console(Gone([frame("busy")]))
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.pause()
        await pilot.press("l")
        await pilot.pause()
        assert "The engine does not answer." in messages(app)


def test_every_policy_is_explained() -> None:
    assert tuple(POLICY_NOTES) == START_POLICIES


def test_classes_and_regions_are_those_that_may_be() -> None:
    assert ("render", "ap-northeast") not in places_of(frame("busy"))
    assert ("app", "ap-northeast") in places_of(frame("busy"))


@pytest.mark.parametrize(
    ("pane", "key", "place"),
    [
        ("regions", "app-5", ("app", "eu-west")),
        ("regions", "region:ap-northeast", ("app", "ap-northeast")),
        ("regions", "region:us-east", ("", "us-east")),
        ("regions", "", ("", "")),
        ("cold_starts", "render-4@1.0", ("render", "eu-west")),
        ("decisions", decision_key(frame("busy").scaling[0]), ("app", "us-east")),
    ],
)
def test_a_row_tells_class_and_region(pane: str, key: str, place: tuple[str, str]) -> None:
    assert place_of(frame("busy"), pane, key) == place


def test_what_a_number_will_do_is_said_before() -> None:
    busy = frame("busy")
    assert "7 ready now, 7 wanted (manual)." in wanted_lines(busy, "app", "us-east", 7)
    assert "2 more start at once." in wanted_lines(busy, "app", "us-east", 9)
    assert any(line.startswith("3 end once") for line in wanted_lines(busy, "app", "us-east", 4))
    assert any("waits for a cold start" in line for line in wanted_lines(busy, "app", "us-east", 0))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    "keys", [["j", "j", "w", "9"], ["j", "j", "p"], ["w"]], ids=["number", "policy", "place"]
)
def test_the_questions_look_as_before(snap_compare: Callable[..., bool], keys: list[str], theme: str) -> None:
    app, _ = console(theme=theme)
    assert snap_compare(app, press=keys, terminal_size=(100, 30))


async def test_the_question_for_a_policy_tells_the_one_in_force_and_what_stands_prepared() -> None:
    app, _ = console()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "j", "p")
        await pilot.pause()
        assert isinstance(app.screen, Dialog)
        said = "\n".join(app.screen.lines)
        assert "it is paused now" in said
        assert "2 of 2 stand prepared in us-east (paused)" in said
        assert app.screen.choices[app.screen.chosen].value == "paused"
