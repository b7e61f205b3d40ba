"""Leaves out of a frame what its reader has already, and joins it again on the reader's side.

Finished requests with their traces are most of a frame, and each of them never changes: it is enough to
send it once. The same holds for cold starts that have ended, and for decisions on how many instances run.
"""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from core.frames.frame import ColdStartRow, Frame, Record

R = TypeVar("R")


class Counts(Record, frozen=True, gc=False):
    """How many finished requests, ended cold starts and decisions of the run, those out of the rings too."""

    requests: int = 0
    cold_starts: int = 0
    scaling: int = 0


NOTHING = Counts()


def counts_of(frame: Frame) -> Counts:
    """Return how much of the run a whole frame goes up to."""
    ended = len(frame.cold_starts) - len(_under_way(frame))
    dropped = frame.dropped
    return Counts(
        requests=dropped.requests + len(frame.requests),
        cold_starts=dropped.cold_starts + ended,
        scaling=dropped.scaling + len(frame.scaling),
    )


def newer_than(frame: Frame, known: Counts) -> tuple[Frame, Counts]:
    """Return the frame without what lies within ``known``, and how much of the run lies before the rest."""
    dropped = frame.dropped
    after = Counts(
        requests=max(known.requests, dropped.requests),
        cold_starts=max(known.cold_starts, dropped.cold_starts),
        scaling=max(known.scaling, dropped.scaling),
    )
    part = msgspec.structs.replace(
        frame,
        requests=frame.requests[after.requests - dropped.requests :],
        cold_starts=frame.cold_starts[after.cold_starts - dropped.cold_starts :],
        scaling=frame.scaling[after.scaling - dropped.scaling :],
    )
    return part, after


def join(before: Frame | None, part: Frame, after: Counts) -> Frame:
    """Return the whole frame of a part, with what the reader has from the whole frame ``before``."""
    if before is None:
        return part
    had = counts_of(before)
    under_way = _under_way(part)
    newly_ended = part.cold_starts[: len(part.cold_starts) - len(under_way)]
    ended_before = before.cold_starts[: len(before.cold_starts) - len(_under_way(before))]
    dropped = part.dropped
    ended = _joined(ended_before, had.cold_starts, newly_ended, after.cold_starts, dropped.cold_starts)
    return msgspec.structs.replace(
        part,
        requests=_joined(before.requests, had.requests, part.requests, after.requests, dropped.requests),
        cold_starts=(*ended, *under_way),
        scaling=_joined(before.scaling, had.scaling, part.scaling, after.scaling, dropped.scaling),
    )


def _joined(held: Sequence[R], had: int, newer: Sequence[R], after: int, dropped: int) -> tuple[R, ...]:
    """Join rows held (up to number ``had``) and newer ones (from ``after`` on), all after ``dropped``."""
    if after != had:
        return tuple(newer)  # this part does not go on from what is held; its own rows are certain
    kept = had + len(newer) - dropped
    return (*held, *newer)[-kept:] if kept else ()


def _under_way(frame: Frame) -> tuple[ColdStartRow, ...]:
    """Return the starts that have not ended; they come after all that have."""
    rows = frame.cold_starts
    ended = next((place for place, row in enumerate(rows) if row.outcome == "starting"), len(rows))
    return rows[ended:]
