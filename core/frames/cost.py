"""Folds usage and a price book into the cost meter of the frame."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import NamedTuple

from core.events.types import AnyEvent
from core.frames.frame import HISTORY_SAMPLES, CostFrame, CostLine
from core.frames.window import WINDOW_S, window_length_s
from core.metering.bill import EXACT, HOURS_PER_MONTH, list_price, plain
from core.metering.book import PriceBook
from core.metering.meter import Meter
from core.metering.usage import Usage

_RATE_STEP_USD = Decimal("0.000001")
_MONTH_STEP_USD = Decimal("0.0001")
_SECONDS_PER_HOUR = 3600


class _Mark(NamedTuple):
    """The usage at the beginning of a second, and its list price."""

    second: int
    usage: Usage
    total_usd: float


class CostFold:
    """The cost so far, its rate now, and its rate in each of the last seconds."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self._meter = Meter()
        self._marks: deque[_Mark] = deque(maxlen=HISTORY_SAMPLES + 1)
        self._ahead: deque[_Mark] = deque(maxlen=HISTORY_SAMPLES + 1)
        """Marks of the seconds since the last event, true until another one comes."""

    def use(self, book: PriceBook) -> None:
        """Price by another book from the beginning of a run, before which nothing was used."""
        self._book = book

    def apply(self, event: AnyEvent) -> None:
        """Take in one event, noting the usage at the beginning of each second first."""
        if not self._marks or event.time_s >= self._marks[-1].second + 1:
            self._marks.extend(self._missing_marks(event.time_s, self._marks))
        self._ahead.clear()
        self._meter.apply(event)

    def frame(self, now_s: float, since_s: float) -> CostFrame:
        """Return the meter at ``now_s`` of a run that began at ``since_s``."""
        usage = self._meter.usage(now_s)
        marks = self._marks_until(now_s)
        bill = list_price(usage, self._book)
        rate_usd = self._rate_usd_per_hour(usage, marks, now_s, since_s)
        return CostFrame(
            book=self._book.title,
            so_far_usd=plain(bill.total_usd),
            rate_usd_per_hour=plain(rate_usd.quantize(_RATE_STEP_USD)),
            month_usd=plain((rate_usd * HOURS_PER_MONTH).quantize(_MONTH_STEP_USD)),
            idle_share=self._meter.idle_share(now_s),
            lines=tuple(
                CostLine(
                    line.item,
                    plain(line.quantity),
                    line.unit,
                    plain(line.unit_price_usd),
                    plain(line.amount_usd),
                    line.assumed,
                )
                for line in bill.lines
            ),
            rate_history_usd_per_hour=_history(marks),
        )

    def _marks_until(self, now_s: float) -> list[_Mark]:
        """Return the last marks; those of a quiet time are made once, not again for each of its frames."""
        if self._ahead and self._ahead[-1].second > now_s:
            self._ahead.clear()
        self._ahead.extend(self._missing_marks(now_s, self._ahead or self._marks))
        return [*self._marks, *self._ahead][-HISTORY_SAMPLES - 1 :]

    def _missing_marks(self, now_s: float, present: Sequence[_Mark]) -> list[_Mark]:
        second = int(now_s)
        first = present[-1].second + 1 if present else second
        first = max(first, second - HISTORY_SAMPLES)
        return [self._mark(one) for one in range(first, second + 1)]

    def _mark(self, second: int) -> _Mark:
        usage = self._meter.usage(second)
        return _Mark(second, usage, float(list_price(usage, self._book).total_usd))

    def _rate_usd_per_hour(self, usage: Usage, marks: list[_Mark], now_s: float, since_s: float) -> Decimal:
        """Add what the running instances cost to what requests and CPU have cost over the window."""
        oldest = int(now_s) - WINDOW_S + 1
        before = next((mark.usage for mark in marks if mark.second >= oldest), usage)
        with localcontext(EXACT):
            standing_usd = list_price(self._meter.provisioned_per_s(), self._book).total_usd
            active_usd = list_price(_activity(usage - before), self._book).total_usd
            per_second_usd = active_usd / Decimal(str(window_length_s(now_s, since_s)))
            return (standing_usd + per_second_usd) * _SECONDS_PER_HOUR


def _activity(usage: Usage) -> Usage:
    return replace(usage, memory_mib_ticks=0, disk_mb_ticks=0, object_ticks=0)


def _history(marks: list[_Mark]) -> tuple[float, ...]:
    rates = ((after.total_usd - before.total_usd) * _SECONDS_PER_HOUR for before, after in pairwise(marks))
    return tuple(round(rate, 6) for rate in rates)
