"""The scaling policies: how many instances one class in one region needs, and why, in a sentence.

Each policy is a pair of pure functions. What is common to all (bounds, cool-down, sleep) is in target.py.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.containers.scaling.observed import Observed
from core.model.scaling import Scaling, ScheduleEntry

_CPU_DIGITS = 6
"""Sums of percentages are rounded to this before they are divided, so that 140 / 70 is 2."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How many instances are needed, and why so many; ``why`` is asked when the number changes."""

    needs: Callable[[Scaling, Observed], int]
    why: Callable[[Scaling, Observed], str]


def counted(number: int, thing: str) -> str:
    """Return a number with what it counts, in the plural where there is not exactly one."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def scheduled(schedule: Sequence[ScheduleEntry], minute: int) -> ScheduleEntry | None:
    """Return the entry in force at that minute of the day, UTC; the day's last one before its first."""
    begun = [entry for entry in schedule if minute_of(entry) <= minute]
    return max(begun or schedule, key=lambda entry: entry.at, default=None)


def minute_of(entry: ScheduleEntry) -> int:
    """Return the minute of the day at which the entry comes into force."""
    hours, minutes = entry.at.split(":")
    return int(hours) * 60 + int(minutes)


def _fixed_needs(scaling: Scaling, observed: Observed) -> int:
    # Looked at with each arrival only: that an idle one sleeps while another is busy is no reason to wake it.
    return min(scaling.instances, observed.requests) if observed.arriving else 0


def _fixed_why(scaling: Scaling, observed: Observed) -> str:
    most = counted(scaling.instances, "instance")
    return f"{counted(observed.requests, 'request')} at once, spread over at most {most}"


def _concurrency_needs(scaling: Scaling, observed: Observed) -> int:
    return -(-observed.requests // scaling.target_concurrency)


def _concurrency_why(scaling: Scaling, observed: Observed) -> str:
    needed = counted(_concurrency_needs(scaling, observed), "instance")
    needs = "needs" if observed.requests == 1 else "need"
    requests = counted(observed.requests, "request")
    return f"{requests} at once {needs} {needed} at {scaling.target_concurrency} each"


def _queue_needs(scaling: Scaling, observed: Observed) -> int:
    return max(0, observed.requests - scaling.target_queue)


def _queue_why(scaling: Scaling, observed: Observed) -> str:
    needed = counted(max(1, _queue_needs(scaling, observed)), "instance")
    requests = counted(observed.requests, "request")
    return f"{requests} at once, of which at most {scaling.target_queue} may wait: that takes {needed}"


def _cpu_needs(scaling: Scaling, observed: Observed) -> int:
    if not observed.requests:
        return 0  # what idle programs use is no reason to keep them up, let alone to start more
    return math.ceil(round(observed.cpu_percent, _CPU_DIGITS) / scaling.target_cpu_percent)


def _cpu_why(scaling: Scaling, observed: Observed) -> str:
    if _cpu_needs(scaling, observed) == 0:
        return counted(observed.requests, "request") + " at once, and next to no CPU use"
    needed = counted(_cpu_needs(scaling, observed), "instance")
    used, target = f"{observed.cpu_percent:.0f} %", f"{scaling.target_cpu_percent:g} %"
    return f"CPU use adds up to {used} of one instance's limit: {needed} at {target} each"


def _schedule_needs(scaling: Scaling, observed: Observed) -> int:
    entry = scheduled(scaling.schedule, observed.minute)
    return entry.instances if entry else 0


def _schedule_why(scaling: Scaling, observed: Observed) -> str:
    entry = scheduled(scaling.schedule, observed.minute)
    if entry is None or entry.instances < min(1, observed.requests):
        return f"{counted(observed.requests, 'request')} at once, and the schedule asks for none at this hour"
    return f"the schedule asks for {counted(entry.instances, 'instance')} from {entry.at} UTC on"


POLICIES: dict[str, Policy] = {
    "fixed": Policy(_fixed_needs, _fixed_why),
    "concurrency": Policy(_concurrency_needs, _concurrency_why),
    "queue": Policy(_queue_needs, _queue_why),
    "cpu": Policy(_cpu_needs, _cpu_why),
    "schedule": Policy(_schedule_needs, _schedule_why),
}
"""The policies by their names in hybrid.toml."""
