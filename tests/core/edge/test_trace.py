"""Laws of a trace: no hop is lost, none leaves the request, and the parts of its time make the whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.edge.trace import TraceBuilder, cold_wait_ms, emulated_ms, measured_ms
from core.events.types import Hop, HopName, Kind

TIMES_MS = st.floats(0, 100_000, allow_nan=False)
NAMES: list[HopName] = ["edge", "worker", "edge_to_region", "cold_start_wait", "container"]
KINDS: list[Kind] = ["measured", "emulated", "estimated"]
DRAFTS = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        TIMES_MS,
        st.none() | TIMES_MS,
        st.sampled_from(KINDS),
        st.integers(0, 5),
    ),
    max_size=30,
)
Draft = tuple[HopName, float, float | None, Kind, int]


def built(drafts: list[Draft], duration_ms: float) -> tuple[Hop, ...]:
    """Build a trace of drafts: a start, and a length or None for a hop that is never ended."""
    builder = TraceBuilder()
    for name, start_ms, length_ms, kind, number in drafts:
        span = builder.begin(name, start_ms, kind, f"{name}-{number}", number)
        if length_ms is not None:
            builder.end(span, start_ms + length_ms)
    return builder.build(duration_ms)


@given(DRAFTS, TIMES_MS)
def test_no_hop_is_lost_and_none_is_invented(drafts: list[Draft], duration_ms: float) -> None:
    trace = built(drafts, duration_ms)
    begun = sorted((name, kind, f"{name}-{number}", number) for name, _, _, kind, number in drafts)
    assert sorted((one.name, one.kind, one.detail, one.sub_request) for one in trace) == begun


@given(DRAFTS, TIMES_MS)
def test_every_hop_lies_inside_the_request(drafts: list[Draft], duration_ms: float) -> None:
    for one in built(drafts, duration_ms):
        assert one.start_ms >= 0
        assert one.duration_ms >= 0
        assert one.start_ms + one.duration_ms <= duration_ms + 0.001


@given(DRAFTS, TIMES_MS)
def test_measured_and_emulated_time_add_up_to_the_whole(drafts: list[Draft], duration_ms: float) -> None:
    trace = built(drafts, duration_ms)
    emulated = emulated_ms(trace)
    assert -0.001 <= emulated <= duration_ms + 0.001
    assert emulated + measured_ms(trace, duration_ms) == pytest.approx(duration_ms, abs=0.001)


@given(DRAFTS, TIMES_MS)
def test_hops_come_in_the_order_of_their_starts(drafts: list[Draft], duration_ms: float) -> None:
    starts = [one.start_ms for one in built(drafts, duration_ms)]
    assert starts == sorted(starts)


@given(DRAFTS, TIMES_MS)
def test_what_lies_inside_another_hop_stays_inside_it(drafts: list[Draft], duration_ms: float) -> None:
    outer: Draft = ("edge", 0.0, None, "measured", 0)
    trace = built([outer, *drafts], duration_ms)
    edge_end_ms = max(one.start_ms + one.duration_ms for one in trace if one.name == "edge")
    assert all(one.start_ms + one.duration_ms <= edge_end_ms + 0.001 for one in trace)


def test_a_hop_that_is_never_ended_ends_with_the_request() -> None:
    (hop,) = built([("container", 4.0, None, "measured", 1)], 10.0)
    assert (hop.start_ms, hop.duration_ms) == (4.0, 6.0)


def test_the_first_end_of_a_hop_counts() -> None:
    builder = TraceBuilder()
    span = builder.begin("container", 1.0, "measured")
    builder.end(span, 3.0)
    builder.end(span, 9.0)
    assert builder.build(10.0)[0].duration_ms == 2.0


def test_only_the_visitor_s_way_comes_before_the_arrival() -> None:
    builder = TraceBuilder()
    builder.add("visitor_to_edge", -12.5, 0.0, "estimated", "Tokyo")
    builder.begin("edge", 0.0, "measured")
    visitor, edge = builder.build(3.0)
    assert (visitor.start_ms, visitor.duration_ms) == (-12.5, 12.5)
    assert (edge.start_ms, edge.duration_ms) == (0.0, 3.0)


def test_emulated_times_that_overlap_count_once() -> None:
    drafts: list[Draft] = [
        ("edge_to_region", 0.0, 10.0, "emulated", 1),
        ("edge_to_region", 5.0, 10.0, "emulated", 2),
        ("container", 0.0, 20.0, "measured", 1),
    ]
    assert emulated_ms(built(drafts, 20.0)) == pytest.approx(15)


def test_cold_waits_one_after_the_other_add_up_and_at_once_count_once() -> None:
    drafts: list[Draft] = [
        ("cold_start_wait", 0.0, 10.0, "measured", 1),
        ("cold_start_wait", 0.0, 10.0, "measured", 2),
        ("cold_start_wait", 20.0, 5.0, "measured", 3),
    ]
    assert cold_wait_ms(built(drafts, 50.0)) == 15.0
