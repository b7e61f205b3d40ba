"""How long cold starts take on the platform: a distribution fitted to measured ones, and its seeded draws."""

import hashlib
import math
import random

SLOW_SHARE = 0.14
FAST_MEDIAN_S, FAST_SIGMA = 1.3, 0.30
SLOW_MEDIAN_S, SLOW_SIGMA = 8.0, 0.60
"""Cold starts as a mixture of two lognormals, fitted to 100 boots for each of five images measured on
the platform in June and July 2026 by alchemy-run/alchemy, benchmark/container/report (a good day: p50
1.38 s, p95 9.9 s, mean 2.5 s). From the request for the instance to its first good response, with
programs that listen at once and images that were there already."""


def generator(*parts: object) -> random.Random:
    """Return a random generator that depends on the text of ``parts`` alone."""
    text = "\x1f".join(str(part) for part in parts)
    return random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))


def lognormal(rng: random.Random, median: float, sigma: float) -> float:
    """Draw from a lognormal distribution given by its median."""
    return median * math.exp(rng.gauss(0.0, sigma))


def draw_total_s(rng: random.Random) -> tuple[float, bool]:
    """Draw how long one cold start takes, in seconds, and whether it is one of the slow ones."""
    slow = rng.random() < SLOW_SHARE
    if slow:
        return lognormal(rng, SLOW_MEDIAN_S, SLOW_SIGMA), True
    return lognormal(rng, FAST_MEDIAN_S, FAST_SIGMA), False
