"""Where the example deployment of the tests stands: regions, classes, visitors and their distances."""

from typing import NamedTuple

from core.events.types import ContainerInfo, PhaseName, RegionInfo
from core.model.start_policies import StartPolicyName

REGIONS = (
    RegionInfo("us-east", "Ashburn", 39.04, -77.49, "docker"),
    RegionInfo("eu-west", "Dublin", 53.33, -6.25, "process"),
    RegionInfo("ap-northeast", "Tokyo", 35.68, 139.69, "docker"),
)
DRIVERS = {region.id: region.driver for region in REGIONS}
APP = ContainerInfo(
    "app", "APP", "basic", 0.25, 1024, 4000, 20, 600.0, ("us-east", "eu-west", "ap-northeast")
)
RENDER = ContainerInfo("render", "RENDER", "lite", 1 / 16, 256, 2000, 8, 300.0, ("us-east", "eu-west"))


class Visitor(NamedTuple):
    """A city, its edge location, the round trip between them, and the round trip to each region."""

    city: str
    location: str
    rtt_ms: float
    region_rtt_ms: dict[str, float]


VISITORS = (
    Visitor("Tokyo", "NRT", 3.2, {"us-east": 171.4, "eu-west": 236.0, "ap-northeast": 2.1}),
    Visitor("Frankfurt", "FRA", 2.4, {"us-east": 92.7, "eu-west": 25.3, "ap-northeast": 248.9}),
    Visitor("São Paulo", "GRU", 4.0, {"us-east": 118.2, "eu-west": 186.5, "ap-northeast": 271.3}),
)
PHASES: tuple[tuple[PhaseName, float], ...] = (
    ("queue", 2.0),
    ("image", 4.0),
    ("create", 61.0),
    ("start", 182.0),
    ("boot", 408.0),
    ("first_response", 17.0),
)
PHASES_BY_POLICY: dict[StartPolicyName, tuple[tuple[PhaseName, float], ...]] = {
    "plain": PHASES,
    "created": (
        ("queue", 2.0),
        ("create", 0.6),
        ("start", 168.0),
        ("boot", 408.0),
        ("first_response", 17.0),
    ),
    "shared": (("queue", 2.0), ("create", 0.6), ("start", 58.0), ("boot", 404.0), ("first_response", 17.0)),
    "boosted": (*PHASES[:-2], ("boot", 96.0), ("first_response", 17.0)),
    "paused": (("queue", 2.0), ("create", 0.5), ("start", 3.1), ("boot", 1.2), ("first_response", 9.0)),
}
"""How long each phase usually takes, in milliseconds."""
READY_TIMEOUT_MS = 20_000.0
MEMORY_LIMITS_MIB = {"app": 1024.0, "render": 256.0}
