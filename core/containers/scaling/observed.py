"""What a scaling policy looks at, and what it has decided so far."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Observed:
    """One class in one region at one moment."""

    requests: int = 0
    """Requests at its instances: in flight, waiting for a start, and the one that arrives just now."""
    arriving: bool = False
    """Whether it is a request's arrival that asks."""
    serving: int = 0
    """Instances that serve or are on their way to it; not those on their way down."""
    live: int = 0
    """Instances that use something, those on their way down included."""
    ended: int = 0
    """Instances that went down since the last look."""
    why_ended: str = ""
    """Why the last of them did."""
    cpu_percent: float = 0.0
    """CPU use of the ready instances, each in percent of its own limit, added up."""
    minute: int = 0
    """Minutes of the day so far, UTC."""


@dataclass(frozen=True, slots=True)
class Target:
    """How many instances are wanted, and what is remembered to take none away too early."""

    instances: int = 0
    calm_since_s: float = 0.0
    """When so many were needed last, or were decided on."""
    peak: int = 0
    """The most that were needed at once since then."""
