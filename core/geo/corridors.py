"""The ways that long-distance traffic takes: hubs, and the corridors of cable and land between them."""

import heapq
import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from core.geo.distance import great_circle_km

Point = tuple[float, float]
"""Degrees north and east."""


class Metro(NamedTuple):
    """Round trips between two sites of one metropolitan area."""

    within_km: float
    apart_km: float
    least_ms: float
    most_ms: float


class Model(NamedTuple):
    """The corridor model as read from hubs.toml, where each figure and its source is explained."""

    intercept_ms: float
    ms_per_km: float
    direct_below_km: float
    nearest_hubs: int
    metro: Metro
    hubs: dict[str, Point]
    corridors: dict[str, tuple[tuple[str, float], ...]]
    """For each hub, the hubs that a corridor leads to, and its length in kilometres."""


@cache
def model() -> Model:
    """Read the model once."""
    data = tomllib.loads(Path(__file__).with_name("hubs.toml").read_text(encoding="utf-8"))
    hubs = {name: (float(north), float(east)) for name, (north, east) in data["hubs"].items()}
    ways: dict[str, list[tuple[str, float]]] = {name: [] for name in hubs}
    for one, other in data["corridors"]["between"]:
        length_km = great_circle_km(*hubs[one], *hubs[other])
        ways[one].append((other, length_km))
        ways[other].append((one, length_km))
    return Model(
        data["intercept_ms"],
        data["ms_per_km"],
        data["direct_below_km"],
        data["nearest_hubs"],
        Metro(**data["metro"]),
        hubs,
        {name: tuple(reached) for name, reached in ways.items()},
    )


def path_km(here: Point, there: Point) -> float:
    """Return the length of the way between two places: straight when short, else by way of hubs."""
    straight_km = great_circle_km(*here, *there)
    if straight_km < model().direct_below_km:
        return straight_km
    return min(
        to_hub_km + _between_hubs_km(entry)[leave] + from_hub_km
        for entry, to_hub_km in _nearest_hubs(here)
        for leave, from_hub_km in _nearest_hubs(there)
    )


@lru_cache(maxsize=4096)
def _nearest_hubs(point: Point) -> tuple[tuple[str, float], ...]:
    distances = ((name, great_circle_km(*point, *hub)) for name, hub in model().hubs.items())
    return tuple(heapq.nsmallest(model().nearest_hubs, distances, key=lambda one: one[1]))


@cache
def _between_hubs_km(start: str) -> dict[str, float]:
    """Return the shortest way along corridors from one hub to every other (Dijkstra's algorithm)."""
    shortest: dict[str, float] = {}
    queue = [(0.0, start)]
    while queue:
        so_far_km, hub = heapq.heappop(queue)
        if hub not in shortest:
            shortest[hub] = so_far_km
            for reached, length_km in model().corridors[hub]:
                heapq.heappush(queue, (so_far_km + length_km, reached))
    return shortest
