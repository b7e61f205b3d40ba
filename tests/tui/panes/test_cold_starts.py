"""The timeline of cold starts."""

import msgspec
import pytest

from core.events.types import PHASE_NAMES, Phase
from core.frames.frame import ColdStartRow
from tests.tui.frames import changed, frame
from tui.panes.cold_starts import keys, layout, subtitle
from tui.panes.rows import Area, Row, View
from tui.panes.waterfall import GLYPHS


def rows(name: str, width: int = 120, height: int = 20) -> list[Row]:
    return layout(frame(name), Area(width, height), View())


def bar(row: Row) -> str:
    return "".join(text for text, style in row.segments if style.startswith("phase-"))


def test_starts_under_way_come_first() -> None:
    shown = [row.key.partition("@")[0] for row in rows("starting") if row.key]
    assert shown == ["render-1", "app-4", "app-3", "app-2", "app-1"]


def test_a_bar_grows_while_its_phase_is_under_way() -> None:
    here = layout(frame("starting"), Area(120, 20), View())
    later = layout(changed("starting", time_s=frame("starting").time_s + 2), Area(120, 20), View())
    finished = next(len(bar(row)) for row in later if row.key.startswith("app-1@"))
    assert finished < next(len(bar(row)) for row in here if row.key.startswith("app-1@"))
    growing = next(row.text for row in later if row.key.startswith("app-2@"))
    assert "boot 2,641 ms" in growing
    assert "2.9 s…" in growing


def test_phases_keep_their_order_and_are_lettered() -> None:
    drawn = next(row for row in rows("starting", 200) if row.key.startswith("app-1@"))
    names = [style for _, style in drawn.segments if style.startswith("phase-")]
    assert names == [f"phase-{name}" for name in PHASE_NAMES if f"phase-{name}" in names]
    assert {"phase-create", "phase-start", "phase-boot"} <= set(names)
    assert "boot" in drawn.text


def test_a_row_says_how_long_and_how_many_waited() -> None:
    drawn = next(row.text for row in rows("failing") if row.key.startswith("render-1"))
    for part in ("20 s✗", "3 waited", "us-east", "port 8080 did not"):
        assert part in drawn, part
    narrow = next(row.text for row in rows("failing", 40) if row.key.startswith("render-1"))
    assert "▒3" in narrow


def test_one_very_long_start_does_not_squeeze_the_others() -> None:
    drawn = rows("failing")
    assert "»" in drawn[0].text
    assert "»" not in drawn[1].text
    assert len(bar(drawn[1])) >= 9


def test_the_totals_stand_at_the_bottom() -> None:
    last = rows("busy", height=14)[-1].text
    for part in ("p50 1.0 s", "p95 1.5 s", "worst 1.6 s", "40 requests waited"):
        assert part in last, part


@pytest.mark.parametrize("width", [18, 24, 28, 40])
def test_totals_are_left_out_rather_than_cut(width: int) -> None:
    last = rows("busy", width)[-1].text
    assert "…" not in last
    assert "p50" in last


def test_with_the_screen_to_itself_the_totals_are_a_table() -> None:
    drawn = rows("busy", 120, 34)
    head = next(n for n, row in enumerate(drawn) if row.text.startswith("class"))
    assert len(drawn) == 34
    assert len(drawn) - head - 1 == len(frame("busy").cold_start_groups)


def test_waiting_behind_others_and_waiting_on_purpose_have_their_own_glyphs() -> None:
    start = frame("busy").cold_starts[0]
    phases = (Phase("queue", 0, 400, "measured"), Phase("boot", 400, 400, "measured"))
    slowed = (*phases, Phase("delay", 800, 900, "emulated"))
    shown = changed("busy", cold_starts=(msgspec.structs.replace(start, phases=slowed, total_ms=1700),))
    styles = {style: text for text, style in layout(shown, Area(100, 8), View())[0].segments}
    assert set(styles["phase-queue"].replace("queue", "").strip()) == {"·"}
    assert GLYPHS["emulated"] in styles["phase-delay"]
    assert not set(styles["phase-boot"]) & {"·", GLYPHS["emulated"]}


def test_a_start_tells_its_policy() -> None:
    drawn = {row.key.partition("@")[0]: row.text for row in rows("busy")}
    assert "boosted" in drawn["render-4"]
    assert "plain" in drawn["app-9"]


def test_nothing_yet_is_said() -> None:
    assert rows("empty")[0].text.startswith("No cold start yet.")


def test_the_border_counts() -> None:
    assert subtitle(frame("failing")) == "3 ended, 1 failed"


def test_keys_tell_two_starts_of_one_instance_apart() -> None:
    start: ColdStartRow = frame("busy").cold_starts[0]
    again = msgspec.structs.replace(start, start_s=start.start_s + 20)
    assert len(set(keys(changed("busy", cold_starts=(start, again))))) == 2
