"""The ways in which an instance can be started."""

from typing import Literal

StartPolicyName = Literal["plain", "created", "shared", "boosted", "paused"]
START_POLICIES: tuple[StartPolicyName, ...] = ("plain", "created", "shared", "boosted", "paused")
"""plain: create, then start. created: created in advance, started on demand. shared: as created, and its
network stands in advance in a sandbox. boosted: plain, and its CPU limit is set once it is ready. paused:
started in advance and frozen, thawed on demand."""
