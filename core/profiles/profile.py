"""What a profile says: instance types, defaults, limits, placement, scaling, and what is refused."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

ProfileName = Literal["ga", "beta"]
Text = Annotated[str, Field(min_length=1)]
Amount = Annotated[int, Field(gt=0)]


class InstanceType(NamedTuple):
    """The limits of one instance."""

    name: str
    vcpu: float
    memory_mib: int
    disk_mb: int


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Gpu(_Table):
    """GPUs: no profile has any."""

    refusal: Text
    source: Text


class Defaults(_Table):
    """What holds where a deployment says nothing."""

    instance_type: Text
    sleep_after_s: float = Field(gt=0)
    max_instances: Amount
    ready_timeout_s: float = Field(gt=0)
    source: Text


class Timeouts(_Table):
    """How long the platform waits; ``stop_grace_here_s`` is what this project waits in its place."""

    instance_s: float = Field(gt=0)
    """For an instance to be assigned to a request."""
    stop_grace_s: float = Field(gt=0)
    """From SIGTERM to SIGKILL."""
    stop_grace_here_s: float = Field(gt=0)
    source: Text


class Account(_Table):
    """What all instances of an account that live at one time may have together."""

    memory_mib: Amount
    vcpu: Amount
    disk_mb: Amount
    source: Text


class _Type(_Table):
    name: Text
    vcpu: float = Field(gt=0)
    memory_mib: Amount
    disk_mb: Amount


class CustomRules(_Table):
    """What an instance type of one's own may have."""

    vcpu_least: float = Field(gt=0)
    vcpu_most: float = Field(gt=0)
    memory_mib_most: Amount
    disk_mb_most: Amount
    memory_mib_per_vcpu_least: int = Field(ge=0)

    def violations(self, vcpu: float, memory_mib: int, disk_mb: int) -> Iterator[tuple[str, str]]:
        """Yield the key of each value that is not allowed, and what is allowed in its place."""
        if not self.vcpu_least <= vcpu <= self.vcpu_most:
            yield "vcpu", f"from {self.vcpu_least:g} to {self.vcpu_most:g} vCPU"
        least_mib = self.memory_mib_per_vcpu_least * vcpu
        if memory_mib > self.memory_mib_most:
            yield "memory_mib", f"at most {self.memory_mib_most} MiB"
        elif memory_mib < least_mib:
            per_vcpu = f"{self.memory_mib_per_vcpu_least} MiB for each vCPU"
            yield "memory_mib", f"at least {per_vcpu}, here {least_mib:g} MiB"
        if disk_mb > self.disk_mb_most:
            yield "disk_mb", f"at most {self.disk_mb_most} MB"


class Instances(_Table):
    """The instance types; ``assumed`` says why they are an assumption, empty where they are published."""

    types: tuple[_Type, ...]
    aliases: dict[str, str]
    custom: CustomRules
    assumed: str = ""
    source: Text


class Placement(_Table):
    """Where instances run: "nearest" to the request that starts them, or in the one region declared."""

    choice: Literal["nearest", "at deployment"]
    regions: tuple[str, ...]
    """The platform's names of the regions that a class can be constrained to; empty where it cannot."""
    limited: frozenset[str]
    """Regions of limited capacity, which cannot be the only ones."""
    jurisdictions: dict[str, frozenset[str]]
    """The regions inside each jurisdiction."""
    source: Text

    @model_validator(mode="after")
    def _known_regions(self) -> "Placement":
        named = self.limited.union(*self.jurisdictions.values())
        if unknown := named - set(self.regions):
            raise ValueError(f"regions lacks {', '.join(sorted(unknown))}")
        return self


class ScalingOffer(_Table):
    """The scaling policies that the platform has itself; ``beyond`` says what is told of all others."""

    offered: tuple[str, ...]
    beyond: Text
    source: Text


class Profile(_Table):
    """The platform at one time."""

    name: ProfileName
    title: Text
    dated: date
    price_book: Text
    rollouts: bool
    rollouts_source: Text
    gpu: Gpu
    defaults: Defaults
    timeouts: Timeouts
    account: Account
    instances: Instances
    placement: Placement
    scaling: ScalingOffer

    @model_validator(mode="after")
    def _known_types(self) -> "Profile":
        named = {self.defaults.instance_type, *self.instances.aliases.values()}
        if unknown := named - self.instance_types.keys():
            raise ValueError(f"instances.types lacks {', '.join(sorted(unknown))}")
        return self

    @property
    def instance_types(self) -> dict[str, InstanceType]:
        """Return the named instance types, in the order of the file."""
        return {
            one.name: InstanceType(one.name, one.vcpu, one.memory_mib, one.disk_mb)
            for one in self.instances.types
        }
