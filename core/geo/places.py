"""Find the place that a text names: an edge location's code, a city, or coordinates."""

import re
from functools import cache, lru_cache
from typing import NamedTuple

from core.geo.edge_locations import by_city, by_code, edge_locations, folded, nearest_edge_location
from core.geo.regions import known_regions
from core.geo.tables import read_table

_COORDINATES = re.compile(r"\s*([+-]?\d{1,2}(?:\.\d+)?)\s*,\s*([+-]?\d{1,3}(?:\.\d+)?)\s*")


class Place(NamedTuple):
    """A place on the Earth, in degrees north and east, and the city it is called by."""

    city: str
    country_code: str
    latitude: float
    longitude: float


@lru_cache(maxsize=4096)
def find_place(text: str) -> Place | None:
    """Return the place that ``text`` names, or None.

    Known are the cities and codes of edge locations, the cities of known regions, a few more, and coordinates
    such as ``-41.13, -71.31``, which take the name of the nearest edge location's city.
    """
    location = by_city(text) or by_code(text)
    if location is not None:
        return Place(location.city, location.country_code, location.latitude, location.longitude)
    return _further_cities().get(folded(text)) or _coordinates(text)


def city_names() -> tuple[str, ...]:
    """Return every known city, in alphabetical order."""
    cities = {one.city for one in edge_locations()}
    return tuple(sorted(cities | {one.city for one in _further_cities().values()}))


@cache
def _further_cities() -> dict[str, Place]:
    others = (
        Place(row["city"], row["country_code"], float(row["latitude"]), float(row["longitude"]))
        for row in read_table("other_cities.csv")
    )
    regions = (
        Place(one.city, one.country_code, one.latitude, one.longitude) for one in known_regions().values()
    )
    return {folded(one.city): one for one in (*others, *regions)}


def _coordinates(text: str) -> Place | None:
    match = _COORDINATES.fullmatch(text)
    if match is None:
        return None
    latitude, longitude = float(match[1]), float(match[2])
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    nearest = nearest_edge_location(latitude, longitude)
    return Place(nearest.city, nearest.country_code, latitude, longitude)
