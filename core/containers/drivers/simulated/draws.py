"""Draws from measured distributions, the same for the same seed on every machine."""

import hashlib
import math
import random
from dataclasses import dataclass

from core.containers.start_times import draw_total_s, generator, lognormal

__all__ = ["StartTimes", "draw_start", "generator", "lognormal", "service_median_s"]

_FAST_SHARES = {"image": 0.15, "create": 0.10, "start": 0.30, "boot": 0.45}
_SLOW_SHARES = {"image": 0.75, "create": 0.03, "start": 0.08, "boot": 0.14}
"""How a start divides into phases. An estimate: the platform publishes totals only. A slow start is
taken for one on a host that has to fetch the image first."""
_SHARE_SIGMA = 0.20

SHARED_START_SHARE = 0.39
"""The start in a network sandbox that stands already, to one with a network of its own: 97 to 247 ms."""
THAW_S = 0.015
"""The thawing of a frozen container. Both measured with Docker 20.10 on two cores, medians of 10."""


@dataclass(frozen=True, slots=True)
class StartTimes:
    """How long each phase of one cold start takes, in seconds."""

    image_s: float
    create_s: float
    start_s: float
    boot_s: float
    fetches_image: bool


def draw_start(rng: random.Random) -> StartTimes:
    """Draw one cold start."""
    total_s, slow = draw_total_s(rng)
    shares = _SLOW_SHARES if slow else _FAST_SHARES
    weights = [share * lognormal(rng, 1.0, _SHARE_SIGMA) for share in shares.values()]
    image_s, create_s, start_s, boot_s = (total_s * weight / sum(weights) for weight in weights)
    return StartTimes(image_s, create_s, start_s, boot_s, slow)


def service_median_s(path: str) -> float:
    """Return the typical time that a path takes: 2 to 60 ms, fixed by the path's own text."""
    digest = hashlib.sha256(path.encode()).digest()
    share = int.from_bytes(digest[:4], "big") / 2**32
    return 0.002 * math.pow(30.0, share)
