"""Instance types of the platform: what one instance may use.

The table itself stands in the profiles; those of the beta are assumed to be the ones of today.
"""

from core.profiles.load import load_profile
from core.profiles.profile import InstanceType

__all__ = ["ALIASES", "INSTANCE_TYPES", "InstanceType"]

INSTANCE_TYPES: dict[str, InstanceType] = load_profile("ga").instance_types
ALIASES: dict[str, str] = load_profile("ga").instances.aliases
"""Older names that the platform still accepts."""
