"""Frames sent in parts join to the very frames that were folded."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.events.types import AnyEvent
from core.frames.fold import FrameFold
from core.frames.frame import RECENT_COLD_STARTS, RECENT_REQUESTS, RECENT_SCALING, Frame
from core.frames.parts import NOTHING, Counts, counts_of, join, newer_than
from tests import streams
from tests.core.events.examples import runs
from tests.core.frames.events import changed, cold_start, decided, request


class Reader:
    """Gets parts and joins them, as a client does; ``known`` is what the sender remembers of it."""

    def __init__(self) -> None:
        self.whole: Frame | None = None
        self.known = NOTHING
        self.part_rows = 0

    def get(self, frame: Frame) -> Frame:
        part, after = newer_than(frame, self.known)
        self.known = counts_of(frame)
        self.part_rows = len(part.requests)
        read = msgspec.json.decode(msgspec.json.encode(part), type=Frame)
        self.whole = join(self.whole, read, after)
        return self.whole


@given(runs, st.sampled_from((1, 7, 60)), st.data())
def test_joined_parts_are_the_whole_frame(events: list[AnyEvent], times: int, data: st.DataObject) -> None:
    fold, reader = FrameFold(), Reader()
    for event in events:
        for _ in range(times):
            fold.apply(event)
        if data.draw(st.booleans()):
            frame = fold.frame(event.time_s)
            assert reader.get(frame) == frame
    frame = fold.frame(500.0)
    assert msgspec.json.encode(reader.get(frame)) == msgspec.json.encode(frame)


def test_a_busy_deployment_sends_each_request_once() -> None:
    fold, reader, sent = FrameFold(), Reader(), 0
    for number, event in enumerate(streams.busy()):
        fold.apply(event)
        if number % 50 == 0:
            frame = fold.frame(event.time_s)
            assert reader.get(frame) == frame
            sent += reader.part_rows
    reader.get(fold.frame(61.0))
    assert sent + reader.part_rows == fold.frame(61.0).flow.requests_total > RECENT_REQUESTS


def test_who_missed_more_than_the_rings_hold_gets_what_they_hold() -> None:
    fold, reader = FrameFold(), Reader()
    fold.apply(request(0.0))
    reader.get(fold.frame(0.0))
    for number in range(3 * RECENT_REQUESTS):
        fold.apply(request(1.0 + number / 1000, trace_id=f"{number}"))
    for number in range(2 * RECENT_COLD_STARTS):
        fold.apply(cold_start(2.0 + number, f"app-{number}"))
    frame = fold.frame(0.0)
    assert reader.get(frame) == frame
    assert reader.part_rows == RECENT_REQUESTS


def test_starts_under_way_are_in_every_part() -> None:
    fold, reader = FrameFold(), Reader()
    fold.apply(cold_start(1.0, "app-1"))
    fold.apply(changed(1.5, "app-2", "placed"))
    reader.get(fold.frame(1.5))
    part, after = newer_than(fold.frame(2.0), reader.known)
    assert [(row.instance, row.outcome) for row in part.cold_starts] == [("app-2", "starting")]
    assert after == Counts(0, 1)
    fold.apply(cold_start(2.5, "app-2"))
    assert [row.outcome for row in reader.get(fold.frame(2.5)).cold_starts] == ["ready", "ready"]


def test_a_part_that_does_not_go_on_from_what_is_held_stands_alone() -> None:
    fold = FrameFold()
    for number in range(5):
        fold.apply(request(number, trace_id=f"{number}"))
    held = fold.frame(5.0)
    for number in range(5, 10):
        fold.apply(request(number, trace_id=f"{number}"))
    part, after = newer_than(fold.frame(10.0), Counts(7, 0))
    assert [row.trace_id for row in join(held, part, after).requests] == ["7", "8", "9"]


def test_a_decision_is_sent_once() -> None:
    fold, reader, sent = FrameFold(), Reader(), 0
    for number in range(3 * RECENT_SCALING):
        fold.apply(decided(float(number), number))
        if number % 7 == 0:
            frame = fold.frame(float(number))
            sent += len(newer_than(frame, reader.known)[0].scaling)
            assert reader.get(frame) == frame
    frame = fold.frame(1000.0)
    sent += len(newer_than(frame, reader.known)[0].scaling)
    assert reader.get(frame) == frame
    assert sent == 3 * RECENT_SCALING
