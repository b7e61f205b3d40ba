"""Instance types of the platform: what one instance may use.

Source: the platform's instance types and limits as documented in October 2026.
"""

from typing import NamedTuple


class InstanceType(NamedTuple):
    """The limits of one instance."""

    name: str
    vcpu: float
    memory_mib: int
    disk_mb: int


INSTANCE_TYPES: dict[str, InstanceType] = {
    one.name: one
    for one in (
        InstanceType("lite", 1 / 16, 256, 2000),
        InstanceType("basic", 1 / 4, 1024, 4000),
        InstanceType("standard-1", 1 / 2, 4096, 8000),
        InstanceType("standard-2", 1, 6144, 12000),
        InstanceType("standard-3", 2, 8192, 16000),
        InstanceType("standard-4", 4, 12288, 20000),
    )
}
ALIASES = {"dev": "lite", "standard": "standard-1"}
"""Older names that the platform still accepts."""
