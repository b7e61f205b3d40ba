"""A request's time in parts."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events.types import Hop, HopName, Kind
from core.frames.frame import RequestRow
from tests.tui.frames import frame
from tui.panes.rows import width_of
from tui.panes.waterfall import (
    GLYPHS,
    KIND_WORDS,
    Part,
    TimeKind,
    bar_segments,
    figures,
    legend,
    own_times_ms,
    scaled_length,
    timeline,
    totals,
)


def request(*hops: tuple[HopName, float, float, Kind], **changes: Any) -> RequestRow:
    trace = tuple(Hop(name, start, duration, kind) for name, start, duration, kind in hops)
    row = msgspec.structs.replace(frame("busy").requests[0], trace=trace, visitor_rtt_ms=0.0)
    return msgspec.structs.replace(row, **changes)


FAR = request(
    ("visitor_to_edge", -9.0, 9.0, "estimated"),
    ("edge", 0.0, 100.0, "measured"),
    ("worker", 1.0, 98.0, "measured"),
    ("edge_to_region", 2.0, 60.0, "emulated"),
    ("cold_start_wait", 62.0, 20.0, "measured"),
    ("container", 82.0, 15.0, "measured"),
    duration_ms=100.0,
)


def test_the_innermost_hop_decides_the_kind_of_time() -> None:
    assert [(part.kind, round(part.duration_ms, 6)) for part in timeline(FAR)] == [
        ("estimated", 9.0),
        ("measured", 2.0),
        ("emulated", 60.0),
        ("cold", 20.0),
        ("measured", 18.0),
    ]


def test_own_time_leaves_out_what_is_inside() -> None:
    assert [round(own, 6) for own in own_times_ms(FAR)] == [9.0, 2.0, 3.0, 60.0, 20.0, 15.0]


def test_without_a_trace_the_totals_of_the_request_are_used() -> None:
    assert timeline(request(duration_ms=5.0, visitor_rtt_ms=30.0)) == (
        Part("emulated", 30.0),
        Part("measured", 5.0),
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["edge", "worker", "container", "edge_to_region", "cold_start_wait"]),
            st.floats(-10, 200),
            st.floats(0, 300),
            st.sampled_from(["measured", "emulated", "estimated"]),
        ),
        max_size=6,
    ),
    st.floats(0.001, 200),
)
def test_no_time_is_lost_or_counted_twice(hops: Any, duration_ms: float) -> None:
    made = request(*hops, duration_ms=duration_ms)
    assert sum(part.duration_ms for part in timeline(made)) == pytest.approx(duration_ms)
    assert sum(own_times_ms(made)) <= duration_ms + 1e-6


def test_kinds_of_time_never_share_a_glyph_or_a_style() -> None:
    assert len(set(GLYPHS.values())) == len(GLYPHS) == len(KIND_WORDS)
    drawn = {style for _, style in bar_segments(timeline(FAR), 40)}
    assert drawn == {"measured", "emulated", "estimated", "cold"}


@given(st.integers(5, 80))
def test_a_bar_shows_every_kind_and_fills_its_width(width: int) -> None:
    drawn = bar_segments(timeline(FAR), width)
    assert width_of(drawn) == width
    assert {style for _, style in drawn} == {"estimated", "measured", "emulated", "cold"}


def test_figures_keep_kinds_apart() -> None:
    sums = totals(timeline(FAR))
    assert "".join(text for text, _ in figures(sums, apart=True)) == "~9.0 + 60 + 20 + 20 ms"
    assert "".join(text for text, _ in figures(sums, apart=False)) == "~69 + 20 + 20 ms"
    assert "".join(text for text, _ in figures(totals(()), apart=True)) == "0 ms"


@pytest.mark.parametrize(("total", "length"), [(0, 1), (1, 2), (25, 10), (100, 20), (400, 20)])
def test_bars_grow_with_the_square_root(total: float, length: int) -> None:
    assert scaled_length(total, 100.0, 20) == length


def test_there_is_no_bar_without_time_or_room() -> None:
    assert scaled_length(5.0, 0.0, 20) == 0
    assert scaled_length(5.0, 5.0, 0) == 0


def words(*kinds: TimeKind) -> list[str]:
    return "".join(text for text, _ in legend(kinds)).split()


def test_the_legend_names_the_rarer_kinds_only_where_there_are_some() -> None:
    assert "estimated" in words("measured", "estimated")
    assert "estimated" not in words("measured")
    assert "simulated" not in words("measured")
    assert "simulated" in words("measured", "simulated")


def test_where_all_work_is_simulated_nothing_is_called_measured() -> None:
    assert "measured" not in words("simulated", "emulated")


def test_simulated_work_is_a_kind_of_its_own_and_no_distance() -> None:
    simulated = request(
        ("edge", 0.0, 30.0, "emulated"),
        ("worker", 0.0, 30.0, "emulated"),
        ("edge_to_region", 1.0, 20.0, "emulated"),
        ("container", 21.0, 8.0, "emulated"),
        duration_ms=30.0,
    )
    sums = totals(timeline(simulated))
    assert (sums["simulated"], sums["emulated"], sums["measured"]) == (10.0, 20.0, 0.0)
