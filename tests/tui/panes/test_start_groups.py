"""The table of cold starts by class, region and policy."""

import pytest

from core.frames.frame import ColdStartGroup
from core.model.start_policies import START_POLICIES, StartPolicyName
from tests.tui.frames import changed, frame
from tui.panes.rows import Area, cells
from tui.panes.start_groups import table


def group(policy: StartPolicyName, p50_ms: float, *, count: int = 3, failed: int = 0) -> ColdStartGroup:
    return ColdStartGroup(
        "app", "us-east", policy, count, failed, p50_ms, p50_ms * 2, p50_ms * 3, 0.2, 0.3, 4
    )


def texts(*groups: ColdStartGroup, width: int = 120, height: int = 30) -> list[str]:
    return [row.text for row in table(changed("busy", cold_start_groups=groups), Area(width, height))]


def test_policies_stand_beside_each_other_against_the_plain_start() -> None:
    drawn = texts(group("paused", 13.0), group("shared", 100.0), group("plain", 260.0))
    assert [line.split()[-1] for line in drawn[3:]] == ["2.6x", "20x"]
    assert "x" not in drawn[2].split("▰")[-1]
    assert drawn[2].count("▰") > drawn[3].count("▰") > drawn[4].count("▰") > 0


def test_they_come_in_the_order_of_the_policies() -> None:
    drawn = texts(*(group(policy, 100.0) for policy in reversed(START_POLICIES)))
    assert [policy for line in drawn[2:] for policy in START_POLICIES if f" {policy} " in line] == list(
        START_POLICIES
    )


def test_a_line_tells_counts_times_and_who_waited() -> None:
    line = texts(group("plain", 250.0, failed=2))[2]
    for part in ("app", "us-east", "plain", " 3", " 2", "250 ms", "500 ms", "750 ms", "▒ 4"):
        assert part in line, part


def test_times_in_the_queue_are_apart_and_left_out_where_there_was_none() -> None:
    queued = ColdStartGroup("app", "us-east", "plain", 3, 0, 250.0, 260.0, 270.0, 41.0, 95.0, 0)
    assert "41 ms" in texts(queued)[2]
    assert "0.2 ms" not in texts(group("plain", 250.0))[2]


def test_a_group_without_a_success_has_no_times() -> None:
    line = texts(group("plain", 0.0, count=0, failed=3))[2]
    assert " ms" not in line
    assert "▰" not in line


def test_many_groups_take_half_of_the_room_and_say_how_many_more() -> None:
    many = [ColdStartGroup("app", f"r{n:02}", "plain", 1, 0, 9.0, 9.0, 9.0, 0.0, 0.0, 0) for n in range(40)]
    drawn = texts(*many, height=30)
    assert len(drawn) == 15
    assert drawn[-1].startswith("and 28 more")


@pytest.mark.parametrize("width", [84, 100, 120, 200])
def test_it_is_as_wide_as_its_pane(width: int) -> None:
    assert {cells(row.text) for row in table(frame("busy"), Area(width, 30))} == {width}


@pytest.mark.parametrize("area", [Area(83, 30), Area(120, 15)])
def test_a_small_pane_has_none(area: Area) -> None:
    assert table(frame("busy"), area) == []
