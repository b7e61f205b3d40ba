"""What was used, in whole numbers that add up exactly."""

from dataclasses import dataclass, fields

TICKS_PER_S = 100
"""Instances are metered every 10 ms while they run (the platform's container prices, October 2026)."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Amounts used over some time. One tick is 10 ms."""

    requests: int = 0
    """Requests that the Worker answered; its calls of containers are not requests of their own."""
    worker_cpu_us: int = 0
    """CPU time of the Worker in microseconds."""
    memory_mib_ticks: int = 0
    """Provisioned memory of running instances: MiB times ticks."""
    disk_mb_ticks: int = 0
    """Provisioned disk of running instances: MB times ticks."""
    vcpu_us: int = 0
    """CPU time that instances used, in microseconds of one vCPU."""
    object_requests: int = 0
    """Requests to the Durable Objects in front of the containers: one for each call of a container."""
    object_ticks: int = 0
    """Time that those Durable Objects were in memory: one each for as long as its instance runs."""
    egress_north_america_europe_bytes: int = 0
    """Bytes of responses that left containers in North America and Europe."""
    egress_oceania_korea_taiwan_bytes: int = 0
    """Bytes of responses that left containers in Oceania, Korea and Taiwan."""
    egress_elsewhere_bytes: int = 0
    """Bytes of responses that left containers everywhere else."""

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*(getattr(self, name) + getattr(other, name) for name in USAGE_FIELDS))

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(*(getattr(self, name) - getattr(other, name) for name in USAGE_FIELDS))


USAGE_FIELDS = tuple(field.name for field in fields(Usage))
