"""Events on standard output: whole, in order, and no danger to the engine when nobody reads."""

import io
import os
import threading

from core.events.codec import decode
from core.events.types import Notice
from core.output import DirectOutput, QueuedOutput

NOTICES = [Notice(time_s=float(n), level="info", subject="us-east", message=f"line {n}") for n in range(500)]


class Kept(io.BytesIO):
    """A stream whose text outlives its closing."""

    def lines(self) -> list[Notice]:
        return [decode(line) for line in self.getvalue().splitlines()]  # type: ignore[misc]


def test_direct_output_writes_every_event_in_order() -> None:
    stream = Kept()
    output = DirectOutput(stream, lambda: None)
    for notice in NOTICES:
        output.write(notice)
    output.close()
    assert stream.lines() == NOTICES


def test_queued_output_writes_every_event_in_order_before_it_closes() -> None:
    stream = Kept()
    output = QueuedOutput(stream, lambda: None)
    for notice in NOTICES:
        output.write(notice)
    output.close()
    assert stream.lines() == NOTICES
    assert output.dropped == 0


def test_direct_output_says_once_that_its_reader_has_gone() -> None:
    told: list[str] = []
    with open(os.devnull, "wb") as nowhere:
        output = DirectOutput(Broken(nowhere), lambda: told.append("gone"))
        for notice in NOTICES:
            output.write(notice)
        output.close()
    assert told == ["gone"]


def test_queued_output_says_that_its_reader_has_gone() -> None:
    told = threading.Event()
    with open(os.devnull, "wb") as nowhere:
        output = QueuedOutput(Broken(nowhere), told.set)
        output.write(NOTICES[0])
        assert told.wait(5)
        output.close()


class Broken(io.BufferedWriter):
    """A stream that nobody reads."""

    def write(self, data: object) -> int:
        raise BrokenPipeError
