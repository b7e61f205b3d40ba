"""Replay equals live: the same events give the same frame, however and whenever they are read."""

import subprocess
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events.codec import decode, encode
from core.events.types import (
    AnyEvent,
    EngineStopped,
    LatencyChanged,
    RequestFinished,
    StartPolicyChanged,
)
from core.frames.fold import FrameFold
from core.frames.frame import (
    HISTORY_SAMPLES,
    RECENT_COLD_STARTS,
    RECENT_NOTICES,
    RECENT_REQUESTS,
    RECENT_SCALING,
    Frame,
)
from core.frames.workers import MOST_ISOLATES
from tests import streams
from tests.core.events.examples import STARTED, runs
from tests.core.events.examples import streams as any_stream
from tests.core.frames.events import changed

STREAMS = {
    "quiet": streams.quiet(),
    "busy": streams.busy(),
    "failing": streams.failing(),
    "starting": streams.starting(),
}


def folded(events: list[AnyEvent]) -> FrameFold:
    fold = FrameFold()
    for event in events:
        fold.apply(event)
    return fold


def text(frame: Frame) -> bytes:
    return msgspec.json.encode(frame)


def replayed(events: list[AnyEvent]) -> list[AnyEvent]:
    return [decode(encode(event)) for event in events]


@given(any_stream | runs, st.floats(0, 600))
def test_replay_equals_live(events: list[AnyEvent], time_s: float) -> None:
    live, replay = folded(events), folded(replayed(events))
    assert text(live.frame(time_s)) == text(replay.frame(time_s))


@pytest.mark.parametrize("name", STREAMS)
def test_replay_equals_live_for_whole_deployments(name: str) -> None:
    events = STREAMS[name]
    for time_s in (0.0, events[-1].time_s + 5.5, 1000.0):
        assert text(folded(events).frame(time_s)) == text(folded(replayed(events)).frame(time_s))


@given(runs, st.data())
def test_a_frame_taken_in_between_changes_nothing(events: list[AnyEvent], data: st.DataObject) -> None:
    untouched, looked_at = folded(events), FrameFold()
    for event in events:
        looked_at.apply(event)
        if data.draw(st.booleans()):
            looked_at.frame(data.draw(st.floats(0, 600)))
    assert text(untouched.frame(500.0)) == text(looked_at.frame(500.0))


@given(runs)
def test_a_frame_is_read_back_as_it_was(events: list[AnyEvent]) -> None:
    frame = folded(events).frame(0.0)
    assert msgspec.json.decode(text(frame), type=Frame) == frame


@given(runs)
def test_counts_never_decrease_and_nothing_is_negative(events: list[AnyEvent]) -> None:
    fold = FrameFold()
    before = counts(fold.frame(0.0))
    for event in events:
        fold.apply(event)
        frame = fold.frame(event.time_s)
        after = counts(frame)
        assert all(new >= old for new, old in zip(after, before, strict=True))
        assert least_number(msgspec.to_builtins(rates(frame))) >= 0
        before = after


def counts(frame: Frame) -> tuple[int, ...]:
    dropped, totals = frame.dropped, frame.cold_start_totals
    return (
        frame.sequence,
        frame.flow.requests_total,
        frame.flow.errors_total,
        totals.count,
        totals.failed,
        totals.waited_total,
        dropped.requests,
        dropped.cold_starts,
        dropped.notices,
        dropped.scaling,
    )


def rates(frame: Frame) -> list[object]:
    traffic = [(r.requests_per_second, r.p50_ms, r.mean_rtt_ms, r.errors_per_second) for r in frame.regions]
    return [frame.flow, frame.cold_start_totals, traffic, frame.dropped, frame.cost.idle_share]


def least_number(value: object) -> float:
    """Return the least number anywhere in builtins, 0 when there is none."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return min((least_number(one) for one in value), default=0.0)
    return value if isinstance(value, int | float) else 0.0


@given(runs)
def test_every_request_and_error_is_counted(events: list[AnyEvent]) -> None:
    frame = folded(events).frame(0.0)
    requests = [event for event in events if isinstance(event, RequestFinished)]
    assert frame.sequence == len(events)
    assert frame.flow.requests_total == len(requests)
    assert frame.dropped.requests + len(frame.requests) == len(requests)
    assert frame.flow.errors_total == sum(one.outcome == "error" or one.status >= 500 for one in requests)


@given(runs, st.integers(2, 12))
def test_the_rings_are_bounded_and_count_what_they_dropped(events: list[AnyEvent], times: int) -> None:
    repeated = [event for event in events for _ in range(times * 10)]
    frame = folded(repeated).frame(0.0)
    ended = [row for row in frame.cold_starts if row.outcome != "starting"]
    rings = (
        (frame.dropped.requests, len(frame.requests), RECENT_REQUESTS),
        (frame.dropped.cold_starts, len(ended), RECENT_COLD_STARTS),
        (frame.dropped.notices, len(frame.notices), RECENT_NOTICES),
        (frame.dropped.scaling, len(frame.scaling), RECENT_SCALING),
    )
    for dropped, kept, size in rings:
        assert kept <= size
        assert dropped == 0 or kept == size
    assert frame.dropped.cold_starts + len(ended) == sum(
        (frame.cold_start_totals.count, frame.cold_start_totals.failed)
    )
    assert len(frame.flow.rate_history) <= HISTORY_SAMPLES
    assert len(frame.cost.rate_history_usd_per_hour) <= HISTORY_SAMPLES
    for region in frame.regions:
        assert all(len(row.memory_history_mib) <= HISTORY_SAMPLES for row in region.instances)
    for worker in frame.workers:
        assert len(worker.isolates) <= MOST_ISOLATES
        assert all(len(row.memory_history_mib) <= HISTORY_SAMPLES for row in worker.isolates)


def test_a_frame_is_never_before_its_last_event() -> None:
    fold = folded(STREAMS["starting"])
    last_s = STREAMS["starting"][-1].time_s
    assert fold.frame(0.0) == fold.frame(last_s)
    assert fold.frame(0.0).time_s == last_s


def test_before_the_first_event_everything_is_empty_and_starting() -> None:
    frame = FrameFold().frame(3.0)
    assert (frame.time_s, frame.sequence, frame.state) == (3.0, 0, "starting")
    assert (frame.regions, frame.requests, frame.cold_starts, frame.notices) == ((), (), (), ())
    assert frame.cost.so_far_usd == "0"


def test_the_state_goes_from_starting_to_up_to_stopped() -> None:
    events = STREAMS["quiet"]
    assert folded(events[:1]).frame(0.0).state == "up"
    stopped = [*events, EngineStopped(time_s=70.0, reason="asked to stop")]
    assert folded(stopped).frame(0.0).state == "stopped"


def test_the_deployment_is_as_its_start_said() -> None:
    frame = folded(STREAMS["busy"]).frame(0.0)
    assert (frame.deployment, frame.profile, frame.seed) == ("shop", "ga", 7)
    assert frame.cost.book.startswith("ga, ")
    assert frame.url == "http://127.0.0.1:8787"
    assert [one.name for one in frame.containers] == ["app", "render"]


def test_the_bill_follows_the_profile_and_marks_what_is_assumed() -> None:
    fold = FrameFold()
    fold.apply(msgspec.structs.replace(STARTED, profile="beta", container_hour_usd="0.06"))
    fold.apply(changed(0.0, "app-1", "ready"))
    cost = fold.frame(1800.0).cost
    assert cost.book.startswith("beta, ")
    assert cost.so_far_usd == "0.03"
    assert cost.rate_usd_per_hour == "0.06"
    assert [line.item for line in cost.lines if line.assumed] == ["Container hours (price assumed)"]


HEAVY = ("pydantic", "httpx", "uvicorn", "docker", "textual", "rich", "plotext")


@pytest.mark.parametrize("module", ["core.control.client", "core.frames.fold", "core.events.codec"])
def test_what_a_console_imports_stays_light(module: str) -> None:
    program = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(HEAVY).isdisjoint(done.stdout.split())


def test_the_latency_scale_is_the_declared_one_until_a_person_changes_it() -> None:
    fold = FrameFold()
    fold.apply(msgspec.structs.replace(STARTED, latency_scale=0.5))
    assert fold.frame(0.0).latency_scale == 0.5
    fold.apply(LatencyChanged(time_s=1.0, latency_scale=0.0))
    assert fold.frame(1.0).latency_scale == 0.0


def test_a_class_shows_the_start_policy_that_was_chosen_last() -> None:
    fold = FrameFold()
    fold.apply(STARTED)
    fold.apply(StartPolicyChanged(time_s=1.0, container="app", policy="paused"))
    fold.apply(StartPolicyChanged(time_s=2.0, container="nobody", policy="shared"))
    policies = {one.name: one.start_policy for one in fold.frame(2.0).containers}
    assert policies == {"app": "paused", "render": "plain"}
