"""Cron expressions as the platform reads them: five fields, in UTC, the week's days from 1 (Sunday) to 7."""

import re
from collections.abc import Iterator
from datetime import datetime

from cronsim import CronSim, CronSimError

_FIELDS = 5
_WEEKDAY = re.compile(r"(?<![\d/#])\d+")
"""A day of the week in the fifth field; not a step (/2) nor which one of the month (#2)."""


def check_cron(text: str) -> str:
    """Return the expression. Raises ValueError that says what is wrong with it."""
    due_times(text, datetime(2026, 1, 1))  # noqa: DTZ001 - any time will do
    return text


def due_times(text: str, after: datetime) -> Iterator[datetime]:
    """Return the times at which a cron trigger comes due, in the zone of ``after``. Raises ValueError."""
    try:
        return CronSim(_as_elsewhere(text), after)
    except CronSimError as error:
        raise ValueError(
            f"{text!r} is no cron expression ({_said(error)}); write minute, hour, day of the month, month "
            'and day of the week (1 is Sunday), such as "*/5 * * * *"'
        ) from None


def _as_elsewhere(text: str) -> str:
    """Return the expression with the days of the week as other crons count them: from 0 (Sunday)."""
    fields = text.split()
    if len(fields) != _FIELDS:
        raise CronSimError(f"it has {len(fields)} fields, not {_FIELDS}")
    return " ".join([*fields[:-1], _WEEKDAY.sub(_one_less, fields[-1])])


def _one_less(found: re.Match[str]) -> str:
    day = int(found[0])
    if not 1 <= day <= 7:
        raise CronSimError(f"day of the week {day}, not 1 to 7")
    return str(day - 1)


def _said(error: CronSimError) -> str:
    text = str(error)
    return text[:1].lower() + text[1:]
