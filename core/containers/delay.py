"""The waiting that makes a start here last as long as one on the platform; always drawn as emulated."""

import random

from core.containers.start_times import draw_total_s, generator


def delay_generator(deployment: str, instance: str) -> random.Random:
    """Return what draws the starts of one instance: each of them another, and all the same in every run."""
    return generator("cold start delay", deployment, instance)


def production_delay_s(rng: random.Random, elapsed_s: float) -> float:
    """Return how much longer a start that took ``elapsed_s`` has to last to equal one drawn from ``rng``.

    Takes one draw each time, and is 0 where the start took longer by itself. The distribution and its
    source: core/containers/start_times.py.
    """
    total_s, _ = draw_total_s(rng)
    return max(total_s - elapsed_s, 0.0)
