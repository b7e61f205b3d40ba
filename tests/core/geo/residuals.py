"""The round-trip model against measured pairs of cities, corridor by corridor.

``python -m tests.core.geo.residuals`` prints the table; the README holds it too.
"""

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from core.geo.edge_locations import nearest_edge_location
from core.geo.platform_regions import platform_region
from core.geo.round_trip import round_trip_ms

MODERN = ("ibm", "aws", "aws2")
"""The sets that the model was fitted on: IBM Cloud 2024, AWS 2025. Pairs of 2011 are only held against it."""
CHECK = ("wonder2011",)
PUBLISHED_RMSE_MS = 23.0
PUBLISHED_MAE_MS = 14.0
"""The errors of the fit as published with the hubs, which the model must not exceed."""
_CONTINENTS = {
    "ENAM": "North America",
    "WNAM": "North America",
    "SAM": "South America",
    "WEUR": "Europe",
    "EEUR": "Europe",
    "AFR": "Africa",
    "ME": "Middle East",
    "APAC": "Asia",
    "OC": "Oceania",
}


class Pair(NamedTuple):
    """Two cities, the round trip that was measured between them, and the one that the model gives."""

    cities: tuple[str, str]
    corridor: str
    distance_km: float
    measured_ms: float
    estimated_ms: float

    @property
    def residual_ms(self) -> float:
        """Return the estimate less the measurement."""
        return self.estimated_ms - self.measured_ms


class Errors(NamedTuple):
    """How far the estimates of some pairs are off. ``bias_ms`` is above 0 where the model is too slow."""

    pairs: int
    measured_ms: float
    bias_ms: float
    mae_ms: float
    rmse_ms: float
    worst: Pair


def pairs(sets: Iterable[str] = MODERN) -> list[Pair]:
    """Return the pairs of the named sets of rtt.csv."""
    wanted = set(sets)
    with Path(__file__).with_name("rtt.csv").open(encoding="utf-8") as table:
        return [_pair(row) for row in csv.DictReader(table) if row["set"] in wanted]


def _pair(row: dict[str, str]) -> Pair:
    here, there = ((float(row[f"lat_{end}"]), float(row[f"lon_{end}"])) for end in "ab")
    return Pair(
        (row["city_a"], row["city_b"]),
        " – ".join(sorted((_continent(*here), _continent(*there)))),
        float(row["distance_km"]),
        float(row["rtt_ms"]),
        round_trip_ms(*here, *there),
    )


def _continent(latitude: float, longitude: float) -> str:
    country = nearest_edge_location(latitude, longitude).country_code
    return _CONTINENTS[platform_region(country, longitude)]


def errors(some: Sequence[Pair]) -> Errors:
    """Return the errors of at least one pair."""
    count = len(some)
    return Errors(
        count,
        sum(one.measured_ms for one in some) / count,
        sum(one.residual_ms for one in some) / count,
        sum(abs(one.residual_ms) for one in some) / count,
        math.sqrt(sum(one.residual_ms**2 for one in some) / count),
        max(some, key=lambda one: abs(one.residual_ms)),
    )


def by_corridor(some: Iterable[Pair]) -> dict[str, Errors]:
    """Return the errors on each corridor, that with the most pairs first."""
    ordered = sorted(some, key=lambda one: one.corridor)
    found = {name: errors(list(same)) for name, same in groupby(ordered, key=lambda one: one.corridor)}
    return dict(sorted(found.items(), key=lambda one: (-one[1].pairs, one[0])))


def markdown_table() -> str:
    """Return the errors by corridor as a Markdown table, all pairs last."""
    modern = pairs()
    rows = [_row(name, found) for name, found in by_corridor(modern).items()]
    rows.append(_row("**all**", errors(modern)))
    rows.append(_row("pairs of 2011, not fitted", errors(pairs(CHECK))))
    return "\n".join(
        [
            "| corridor | pairs | measured | bias | mean error | root mean square | worst |",
            "|---|--:|--:|--:|--:|--:|---|",
            *rows,
        ]
    )


def _row(name: str, found: Errors) -> str:
    return f"| {' | '.join(_cells(name, found))} |"


def _cells(name: str, found: Errors) -> Iterator[str]:
    yield name
    yield str(found.pairs)
    yield f"{found.measured_ms:.0f} ms"
    yield f"{found.bias_ms:+.0f} ms"
    yield f"{found.mae_ms:.0f} ms"
    yield f"{found.rmse_ms:.0f} ms"
    worst = found.worst
    yield f"{' – '.join(worst.cities)}: {worst.estimated_ms:.0f} ms for {worst.measured_ms:.0f}"


if __name__ == "__main__":
    print(markdown_table())
