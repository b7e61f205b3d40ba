"""The tree of regions and instances."""

import msgspec
import pytest

from tests.tui.frames import frame
from tui.panes.regions import keys, layout, memory_style, subtitle
from tui.panes.rows import Area, View


def texts(name: str, width: int, height: int = 40) -> dict[str, str]:
    return {row.key: row.text for row in layout(frame(name), Area(width, height), View())}


def test_instances_stand_under_their_region() -> None:
    order = keys(frame("busy"))
    assert order[0] == "region:us-east"
    assert order.index("app-2") < order.index("region:eu-west") < order.index("app-5")


@pytest.mark.parametrize("width", [28, 30, 42, 60, 72, 120])
def test_state_memory_and_rate_are_there_at_every_width(width: int) -> None:
    rows = texts("busy", width)
    assert "●" in rows["app-2"]
    assert "621 MiB" in rows["app-2"]
    assert "/s" in rows["app-2"]
    assert "us-east" in rows["region:us-east"]


def test_a_wide_pane_has_titles_and_more_columns() -> None:
    rows = layout(frame("busy"), Area(120, 40), View())
    for title in ("instance", "state", "memory", "limit", "cpu", "for", "rate"):
        assert title in rows[0].text
    by_key = {row.key: row.text for row in rows}
    assert "1.0 GiB" in by_key["app-2"]


@pytest.mark.parametrize("width", [70, 83, 84, 116, 200])
def test_titles_stand_over_their_columns(width: int) -> None:
    rows = layout(frame("busy"), Area(width, 40), View())
    instance = next(row.text for row in rows if row.key == "app-2")
    title = rows[0].text
    for name, figure in (("memory", "621 MiB"), ("limit", "1.0 GiB"), ("cpu", "16 %")):
        assert title.index(name) + len(name) == instance.index(figure) + len(figure), name
    assert ("for" in title) == ("57 s" in instance)


def test_a_start_under_way_shows_its_phase_and_who_waits() -> None:
    rows = texts("starting", 42)
    assert "boot 0.6 s" in rows["app-2"]
    assert "7 waiting" in rows["app-2"]
    assert "pull 2/5 30 %" in rows["app-3"]


def test_a_pull_counts_its_layers_where_there_is_room() -> None:
    rows = texts("starting", 80)
    assert "pull 2/5 layers 30 %" in rows["app-3"]
    assert "▰▰▱▱▱▱▱▱" in rows["app-3"]


def test_a_region_tells_what_is_wanted_beside_what_is_ready() -> None:
    rows = texts("busy", 60)
    assert "6/7 ready" in rows["region:eu-west"]
    assert "9 ready" in rows["region:us-east"]


def test_a_wide_pane_tells_the_decisions_in_force_and_why() -> None:
    rows = [row for row in layout(frame("busy"), Area(140, 40), View()) if "wanted" in row.text]
    assert [row.key for row in rows] == [""] * len(frame("busy").wanted)
    assert "5 wanted, 4 ready" in rows[1].text
    assert "concurrency" in rows[1].text
    assert "in flight" in rows[1].text


@pytest.mark.parametrize("key", keys(frame("busy")))
def test_every_row_can_be_reached_among_the_decisions(key: str) -> None:
    shown = layout(frame("busy"), Area(120, 9), View(selected=key))
    assert [row.key for row in shown if row.cursor] == [key]


def test_scrolling_counts_only_rows_that_can_be_selected() -> None:
    names = keys(frame("busy"))
    shown = [row.key for row in layout(frame("busy"), Area(120, 9), View(top=3)) if row.key]
    assert shown[0] == names[3]


def test_failures_say_why() -> None:
    rows = texts("failing", 80)
    assert "out of memory" in rows["app-1"]
    assert "exit 1" in rows["render-1"]
    assert "port 8080 did not answer" in rows["render-1"]
    assert "unavailable" in rows["region:ap-northeast"]


def test_sleep_is_told_with_its_time() -> None:
    assert "asleep 19 s" in texts("quiet", 60)["app-3"]


def test_before_the_first_frame_it_says_that_the_engine_starts() -> None:
    (row,) = layout(frame("empty"), Area(50, 5), View())
    assert "the engine is starting" in row.text


def test_the_border_counts_what_is_ready() -> None:
    assert subtitle(frame("busy")) == "20 ready of 28"


@pytest.mark.parametrize(("used", "style"), [(100, "memory"), (850, "memory-hot"), (1000, "memory-full")])
def test_memory_near_its_limit_stands_out(used: float, style: str) -> None:
    instance = msgspec.structs.replace(
        frame("busy").regions[0].instances[0], memory_mib=used, memory_limit_mib=1024.0
    )
    assert memory_style(instance) == style


def test_what_stands_prepared_is_told_beside_what_is_ready() -> None:
    assert "9 ready +2 " in texts("busy", 60)["region:us-east"]
    assert "9 ready +2 prepared" in texts("busy", 120)["region:us-east"]
    assert "+" not in texts("busy", 120)["region:ap-northeast"]
