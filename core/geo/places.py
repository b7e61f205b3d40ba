"""Find the place that a text names: an edge location's code, a city, or coordinates."""

import re
from functools import cache, lru_cache
from typing import NamedTuple

from core.geo.edge_locations import by_city, by_code, edge_locations, folded, nearest_edge_location
from core.geo.regions import known_regions

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

    Known are the cities and codes of edge locations, the cities of known regions, and coordinates
    such as ``-41.13, -71.31``, which take the name of the nearest edge location's city.
    """
    location = by_city(text) or by_code(text)
    if location is not None:
        return Place(location.city, location.country_code, location.latitude, location.longitude)
    return _region_cities().get(folded(text)) or _coordinates(text)


def city_names() -> tuple[str, ...]:
    """Return every known city, in alphabetical order."""
    names = {one.city for one in edge_locations()} | {one.city for one in known_regions().values()}
    return tuple(sorted(names))


@cache
def _region_cities() -> dict[str, Place]:
    return {
        folded(one.city): Place(one.city, one.country_code, one.latitude, one.longitude)
        for one in known_regions().values()
    }


def _coordinates(text: str) -> Place | None:
    match = _COORDINATES.fullmatch(text)
    if match is None:
        return None
    latitude, longitude = float(match[1]), float(match[2])
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    nearest = nearest_edge_location(latitude, longitude)
    return Place(nearest.city, nearest.country_code, latitude, longitude)
