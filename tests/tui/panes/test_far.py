"""Far and near: whose way is the longest, and the same visitor's shorter one."""

import msgspec
import pytest

from core.frames.frame import RequestRow
from tests.tui.frames import changed, frame
from tui.panes.far import far_and_near, far_rows
from tui.panes.rows import cells


def request(city: str, region: str, rtt_ms: float, **changes: object) -> RequestRow:
    some = next(one for one in frame("busy").requests if one.region and not one.cold_wait_ms)
    return msgspec.structs.replace(some, city=city, region=region, region_rtt_ms=rtt_ms, **changes)


def ways(*requests: RequestRow) -> list[tuple[str, str]]:
    return [(one.city, one.region) for one in far_and_near(changed("busy", requests=requests))]


def test_the_city_whose_two_ways_differ_most_is_told() -> None:
    lagos = request("Lagos", "us-east", 171.0), request("Lagos", "eu-west", 100.0)
    tokyo = request("Tokyo", "us-east", 161.0), request("Tokyo", "ap-northeast", 1.0)
    assert ways(*lagos, *tokyo) == [("Tokyo", "us-east"), ("Tokyo", "ap-northeast")]
    assert ways(*tokyo, *lagos) == [("Tokyo", "us-east"), ("Tokyo", "ap-northeast")]


def test_a_city_without_a_nearer_region_stands_alone() -> None:
    assert ways(request("São Paulo", "us-east", 118.0), request("Frankfurt", "eu-west", 20.0)) == [
        ("São Paulo", "us-east")
    ]


def test_where_nobody_is_far_there_is_nothing() -> None:
    assert ways(request("Frankfurt", "eu-west", 20.0)) == []
    assert far_rows(changed("busy", requests=()), 80, 2) == []


def test_the_newest_without_a_cold_start_counts() -> None:
    cold = request("Tokyo", "us-east", 161.0, trace_id="cold", cold_wait_ms=900.0)
    old = request("Tokyo", "us-east", 161.0, trace_id="old")
    new = request("Tokyo", "us-east", 161.0, trace_id="new")
    for order in ((cold, old, new), (old, cold, new), (old, new, cold)):
        assert far_and_near(changed("busy", requests=order))[0].trace_id == "new"


def test_an_error_is_no_way() -> None:
    assert ways(request("Tokyo", "us-east", 161.0, outcome="error")) == []


@pytest.mark.parametrize("width", [40, 44, 60, 72, 120])
def test_both_ways_are_drawn_on_one_scale(width: int) -> None:
    far, near = far_rows(frame("busy"), width, 2)
    assert (cells(far.text), cells(near.text)) == (width, width)
    assert far.text.startswith("Tokyo → us-east")
    assert near.text.startswith("Tokyo → ap-n")
    assert far.text.count("░") > 3 * near.text.count("░")


def test_the_share_of_distance_is_told() -> None:
    far, near = far_rows(frame("busy"), 72, 2)
    assert "96 % is distance" in far.text
    assert "27 % is distance" in near.text


def test_without_distance_it_says_so() -> None:
    (row,) = far_rows(changed("busy", latency_scale=0.0), 72, 2)
    assert "distance is off" in row.text


def test_a_narrow_pane_has_no_room_for_it() -> None:
    assert far_rows(frame("busy"), 39, 2) == []
    assert far_rows(frame("busy"), 80, 0) == []
