"""The platform's edge locations: where they are, and which one serves a place."""

import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple

from core.geo.distance import great_circle_km
from core.geo.tables import read_table


class EdgeLocation(NamedTuple):
    """One edge location; ``code`` is the three-letter code of the city's airport."""

    code: str
    city: str
    country: str
    country_code: str
    latitude: float
    longitude: float


@cache
def edge_locations() -> tuple[EdgeLocation, ...]:
    """Return all edge locations in the order of their codes."""
    return tuple(
        EdgeLocation(
            row["code"],
            row["city"],
            row["country"],
            row["country_code"],
            float(row["latitude"]),
            float(row["longitude"]),
        )
        for row in read_table("edge_locations.csv")
    )


def by_code(code: str) -> EdgeLocation | None:
    """Return the edge location of a code, in upper or lower case."""
    return _codes().get(code.strip().upper())


def by_city(city: str) -> EdgeLocation | None:
    """Return the edge location of a city, without regard to case, accents and hyphens.

    Accents decide where they alone tell two cities apart: San José is in Costa Rica, San Jose in
    California.
    """
    return _cities().get(_case_folded(city)) or _cities().get(folded(city))


def nearest_edge_location(latitude: float, longitude: float) -> EdgeLocation:
    """Return the edge location nearest to a place by great circle; of equally near ones the first code."""
    return _nearest(round(latitude, 4), round(longitude, 4))


def folded(name: str) -> str:
    """Return a name as it is compared: small letters, no accents, one space between words."""
    decomposed = unicodedata.normalize("NFKD", name)
    return _case_folded("".join(letter for letter in decomposed if not unicodedata.combining(letter)))


def _case_folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().replace("-", " ").split())


@cache
def _codes() -> dict[str, EdgeLocation]:
    return {one.code: one for one in edge_locations()}


@cache
def _cities() -> dict[str, EdgeLocation]:
    exact = {_case_folded(one.city): one for one in edge_locations()}
    return _first_of_each(edge_locations()) | exact


def _first_of_each(locations: Iterable[EdgeLocation]) -> dict[str, EdgeLocation]:
    found: dict[str, EdgeLocation] = {}
    for one in locations:
        found.setdefault(folded(one.city), one)
    return found


@lru_cache(maxsize=4096)
def _nearest(latitude: float, longitude: float) -> EdgeLocation:
    return min(
        edge_locations(),
        key=lambda one: great_circle_km(latitude, longitude, one.latitude, one.longitude),
    )
