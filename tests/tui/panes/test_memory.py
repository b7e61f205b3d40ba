"""Container memory."""

import msgspec

from core.frames.frame import Frame
from tests.tui.frames import changed, frame
from tui.panes.memory import keys, layout, measured, subtitle
from tui.panes.rows import Area, View


def test_many_instances_have_a_line_each() -> None:
    rows = layout(frame("busy"), Area(100, 20), View())
    assert len({row.key for row in rows}) == 20
    assert "621 / 1,024 MiB" in rows[1].text
    assert "61 %" in rows[1].text


def test_few_instances_have_tall_graphs_under_their_limit() -> None:
    rows = layout(frame("failing"), Area(100, 30), View())
    assert [row.key for row in rows].count("app-2") == 10
    assert "limit" in next(row.text for row in rows if row.key == "app-2")
    assert "███" in rows[9].text


def test_an_instance_killed_for_memory_stays_and_says_so() -> None:
    for width in (24, 60, 120):
        rows = layout(frame("failing"), Area(width, 12), View())
        assert "✗ out of memory" in next(row.text for row in rows if row.key == "app-1")


def test_stopped_instances_are_left_out() -> None:
    assert "app-3" not in keys(frame("quiet"))


def filled(share: float) -> Frame:
    region = frame("quiet").regions[0]
    instance = msgspec.structs.replace(region.instances[0], memory_mib=share * 100, memory_limit_mib=100.0)
    return changed("quiet", regions=(msgspec.structs.replace(region, instances=(instance,)),))


def test_memory_at_its_limit_has_a_sign_beside_the_colour() -> None:
    assert "! 97 / 100 MiB" in layout(filled(0.97), Area(60, 1), View())[0].text
    assert "!" not in layout(filled(0.5), Area(60, 1), View())[0].text


def test_the_border_sums_up_what_is_in_use() -> None:
    assert subtitle(frame("failing")) == "529 MiB in use"
    assert len(measured(frame("failing"))) == 3


def test_nothing_measured_is_said() -> None:
    assert "No memory measured yet" in layout(frame("empty"), Area(60, 3), View())[0].text
