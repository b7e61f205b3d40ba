"""Pure choice among instances: which one serves a request, which one is started next."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

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


C = TypeVar("C", bound=Candidate)


def least_loaded(candidates: Iterable[C]) -> C | None:
    """Return the one with the fewest requests; the lowest number among equals; None of none."""
    return min(candidates, key=lambda one: (one.load, one.number), default=None)


def ready(candidates: Iterable[C]) -> list[C]:
    """Return those that take requests."""
    return [one for one in candidates if one.state == "ready"]


def starting(candidates: Iterable[C]) -> list[C]:
    """Return those on their way to ready."""
    return [one for one in candidates if one.state in STARTING_STATES]


def stopping(candidates: Iterable[C]) -> list[C]:
    """Return those on their way down."""
    return [one for one in candidates if one.state == "stopping"]


def live(candidates: Iterable[C]) -> int:
    """Count those that use something: every state but stopped and failed."""
    return sum(one.state not in DOWN_STATES for one in candidates)


def to_wake(candidates: Iterable[C]) -> C | None:
    """Return the lowest-numbered instance that is down, so that names are used again."""
    down = [one for one in candidates if one.state in DOWN_STATES]
    return min(down, key=lambda one: one.number, default=None)
