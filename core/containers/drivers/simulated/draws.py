"""Draws from measured distributions, the same for the same seed on every machine."""

import hashlib
import math
import random
from dataclasses import dataclass

SLOW_SHARE = 0.14
FAST_MEDIAN_S, FAST_SIGMA = 1.3, 0.30
SLOW_MEDIAN_S, SLOW_SIGMA = 8.0, 0.60
"""Cold starts as a mixture of two lognormals, fitted to 100 boots for each of five images measured on
the platform in June and July 2026 (a good day: p50 1.38 s, p95 9.9 s, mean 2.5 s)."""

_FAST_SHARES = {"image": 0.15, "create": 0.10, "start": 0.30, "boot": 0.45}
_SLOW_SHARES = {"image": 0.75, "create": 0.03, "start": 0.08, "boot": 0.14}
"""How a start divides into phases. An estimate: the platform publishes totals only. A slow start is
taken for one on a host that has to fetch the image first."""
_SHARE_SIGMA = 0.20


def generator(*parts: object) -> random.Random:
    """Return a random generator that depends on the text of ``parts`` alone."""
    text = "\x1f".join(str(part) for part in parts)
    return random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))


def lognormal(rng: random.Random, median: float, sigma: float) -> float:
    """Draw from a lognormal distribution given by its median."""
    return median * math.exp(rng.gauss(0.0, sigma))


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
    slow = rng.random() < SLOW_SHARE
    total_s = lognormal(rng, SLOW_MEDIAN_S, SLOW_SIGMA) if slow else lognormal(rng, FAST_MEDIAN_S, FAST_SIGMA)
    shares = _SLOW_SHARES if slow else _FAST_SHARES
    weights = [share * lognormal(rng, 1.0, _SHARE_SIGMA) for share in shares.values()]
    image_s, create_s, start_s, boot_s = (total_s * weight / sum(weights) for weight in weights)
    return StartTimes(image_s, create_s, start_s, boot_s, slow)


def service_median_s(path: str) -> float:
    """Return the typical time that a path takes: 2 to 60 ms, fixed by the path's own text."""
    digest = hashlib.sha256(path.encode()).digest()
    share = int.from_bytes(digest[:4], "big") / 2**32
    return 0.002 * math.pow(30.0, share)
