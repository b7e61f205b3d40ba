"""Instance types of the platform, and of one's own: what one instance may use.

The table itself stands in the profiles; those of the beta are assumed to be the ones of today.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from core.model.table import Declared
from core.profiles.load import load_profile
from core.profiles.profile import InstanceType

__all__ = [
    "ALIASES",
    "INSTANCE_TYPES",
    "CustomInstance",
    "DeclaredInstanceType",
    "InstanceType",
    "InstanceTypeName",
]

INSTANCE_TYPES: dict[str, InstanceType] = load_profile("ga").instance_types
ALIASES: dict[str, str] = load_profile("ga").instances.aliases
"""Older names that the platform still accepts."""
InstanceTypeName = Literal["lite", "basic", "standard-1", "standard-2", "standard-3", "standard-4"]


class CustomInstance(Declared):
    """An instance type of one's own, in place of a name; the profile says what it may have."""

    vcpu: float = Field(gt=0, examples=[1])
    """CPUs."""
    memory_mib: int = Field(gt=0, examples=[4096])
    """Memory in MiB."""
    disk_mb: int = Field(gt=0, examples=[4000])
    """Disk in MB."""


def _platform_name(value: Any) -> Any:
    return ALIASES.get(value, value) if isinstance(value, str) else value


def _kind(value: Any) -> str:
    return "custom" if isinstance(value, dict | CustomInstance) else "named"


DeclaredInstanceType = Annotated[
    Annotated[InstanceTypeName, BeforeValidator(_platform_name), Tag("named")]
    | Annotated[CustomInstance, Tag("custom")],
    Discriminator(_kind),
]
