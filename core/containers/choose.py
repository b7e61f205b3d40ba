"""Pure choice among instances: which one serves a request, which one is started or stopped next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from core.containers.lifecycle import DOWN_STATES, STARTING_STATES
from core.events.types import InstanceState


class Candidate(Protocol):
    """What a choice looks at."""

    @property
    def number(self) -> int:
        """The number in its name: 2 of app-2."""

    @property
    def state(self) -> InstanceState:
        """Its state."""

    @property
    def load(self) -> int:
        """Requests in flight at it, or waiting for it."""

    @property
    def is_leaving(self) -> bool:
        """Whether it gets nothing new any more, as it is to be stopped."""


C = TypeVar("C", bound=Candidate)


@dataclass(frozen=True, slots=True)
class Way(Generic[C]):
    """What to do with one request.

    ``use``: send it there now. ``join``: wait for its start. ``outlast``: wait until it has stopped, then
    look again. With nothing at all it is refused.
    """

    use: C | None = None
    join: C | None = None
    outlast: C | None = None


def way(candidates: Sequence[C]) -> Way[C]:
    """Choose for one request, which never waits for a start while a ready instance can serve it."""
    if (use := least_loaded(ready(candidates))) is not None:
        return Way(use=use)
    if (join := least_loaded(starting(candidates))) is not None:
        return Way(join=join)
    return Way(outlast=least_loaded(leaving(candidates)))


def least_loaded(candidates: Iterable[C]) -> C | None:
    """Return the one with the fewest requests; the lowest number among equals; None of none."""
    return min(candidates, key=lambda one: (one.load, one.number), default=None)


def ready(candidates: Iterable[C]) -> list[C]:
    """Return those that take requests."""
    return [one for one in candidates if one.state == "ready" and not one.is_leaving]


def starting(candidates: Iterable[C]) -> list[C]:
    """Return those on their way to ready."""
    return [one for one in candidates if one.state in STARTING_STATES and not one.is_leaving]


def leaving(candidates: Iterable[C]) -> list[C]:
    """Return those on their way down."""
    return [one for one in candidates if one.is_leaving and one.state not in DOWN_STATES]


def live(candidates: Iterable[C]) -> int:
    """Count those that use something: every state but stopped and failed."""
    return sum(one.state not in DOWN_STATES for one in candidates)


def to_wake(candidates: Iterable[C]) -> C | None:
    """Return the lowest-numbered instance that is down, so that names are used again."""
    down = [one for one in candidates if one.state in DOWN_STATES]
    return min(down, key=lambda one: one.number, default=None)


def to_stop(candidates: Iterable[C], count: int) -> list[C]:
    """Return the ``count`` that are missed least: idle ones first, those not ready yet before ready ones."""
    staying = [one for one in candidates if one.state not in DOWN_STATES and not one.is_leaving]
    staying.sort(key=lambda one: (one.load, one.state == "ready", -one.number))
    return staying[: max(0, count)]
