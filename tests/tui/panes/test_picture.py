"""The live picture of the flow."""

import msgspec
import pytest

from tests.tui.frames import changed, frame
from tui.panes.picture import picture, picture_height


def text(name: str = "busy", width: int = 120, height: int = 6) -> str:
    return "\n".join(row.text for row in picture(frame(name), width, height))


def test_it_names_edges_worker_and_regions_with_their_rates() -> None:
    drawn = text()
    for part in (
        "3 edge locations",
        "NRT Tokyo",
        "Worker",
        "answered at the edge",
        "us-east",
        "9 ready",
        "✗ errors",
    ):
        assert part in drawn, part
    assert drawn.count("▶") == 6


def test_round_trips_of_regions_are_shown() -> None:
    assert "126 ms" in text()


def test_a_region_without_traffic_has_a_hollow_arrow() -> None:
    line = next(line for line in text("failing").splitlines() if "ap-northeast" in line)
    assert "▷" in line
    assert "0/s" in line
    assert "▲" in line


def test_the_dots_move_with_the_run_and_stand_still_with_it() -> None:
    here = picture(frame("busy"), 120, 6)
    later = picture(changed("busy", time_s=frame("busy").time_s + 0.25), 120, 6)
    assert here != later
    assert [row.text.replace("•", "─") for row in here] == [row.text.replace("•", "─") for row in later]


def test_more_regions_than_lines_are_summed_up() -> None:
    region = frame("busy").regions[0]
    many = changed("busy", regions=(region,) * 9)
    drawn = "\n".join(row.text for row in picture(many, 120, 6))
    assert "6 more regions" in drawn
    assert drawn.count("us-east") == 3


def test_more_edge_locations_than_lines_are_counted() -> None:
    flow = frame("busy").flow
    many = changed("busy", flow=msgspec.structs.replace(flow, edge_locations=flow.edge_locations * 5))
    assert "15 edge locations" in picture(many, 120, 4)[0].text
    assert "+13 more" in picture(many, 120, 4)[3].text


def test_a_failed_worker_is_marked() -> None:
    worker = msgspec.structs.replace(frame("busy").workers[0], state="failed")
    assert "✗ Worker" in picture(changed("busy", workers=(worker,)), 120, 6)[0].text


def test_the_worker_names_its_runtime_version_and_isolates() -> None:
    assert "deno · v3" in text()
    assert "3 isolates · 122 MiB" in text(width=140)
    assert "3 · 122 MiB" in text(width=70)
    assert "1 isolate · 10 MiB" in text("quiet")


def test_a_stalled_worker_is_marked() -> None:
    worker = msgspec.structs.replace(frame("busy").workers[0], state="stalled")
    assert "‖ Worker" in picture(changed("busy", workers=(worker,)), 120, 6)[0].text


def test_a_cpu_time_that_was_shared_out_is_marked_as_estimated() -> None:
    assert "cpu ~" in text()
    assert "cpu ~" not in text("quiet")


@pytest.mark.parametrize(("height", "lines"), [(0, 0), (4, 2), (11, 5), (40, 5)])
def test_the_picture_leaves_half_of_the_pane(height: int, lines: int) -> None:
    assert picture_height(frame("busy"), height) == lines
