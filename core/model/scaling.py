"""How many instances of a class run: the policy and its figures, as declared in hybrid.toml."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from core.model.durations import parse_duration_s
from core.model.table import Declared


class ScheduleEntry(Declared):
    """A time of the day, and how many instances run from then on."""

    at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = Field(examples=["08:00"])
    """Hours and minutes, UTC."""
    instances: int = Field(ge=0)
    """Instances in each region from then on."""


class Scaling(Declared):
    """How many instances of a class run in each of its regions."""

    policy: Literal["fixed", "concurrency", "cpu", "queue", "schedule"] = "fixed"
    """fixed: as many as ``instances``. concurrency: one more when all are busier than the target. cpu:
    as many as keep the mean CPU use at its target. queue: as many as keep the requests that wait for an
    instance below the target. schedule: as many as ``schedule`` says at this hour."""
    instances: int = Field(default=1, ge=1)
    """How many instances requests are spread over in a region (policy fixed)."""
    target_concurrency: int = Field(default=16, ge=1)
    """Requests in flight at one instance before another is started (policy concurrency)."""
    target_cpu_percent: float = Field(default=70.0, gt=0, le=100)
    """Share of its own CPU limit that an instance shall use on average (policy cpu)."""
    target_queue: int = Field(default=1, ge=1)
    """Requests that may wait for an instance before another is started (policy queue)."""
    schedule: tuple[ScheduleEntry, ...] = ()
    """From when on how many (policy schedule)."""
    min_instances: int = Field(default=0, ge=0)
    """Instances that are kept running in each region; 0 lets a region fall asleep whole."""
    max_instances_per_region: int = Field(default=0, ge=0)
    """The most in one region; 0 for no bound but the class's max_instances."""
    cool_down: Annotated[float, BeforeValidator(parse_duration_s)] = Field(default=30.0, ge=0)
    """Time between a decision and the next one that takes instances away."""
