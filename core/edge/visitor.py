"""Where a request comes from: the visitor's place, the edge location that serves it, the way between."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from core.edge.trace import MS_DIGITS
from core.events.types import RegionInfo
from core.geo.edge_locations import EdgeLocation, nearest_edge_location
from core.geo.places import Place, find_place
from core.geo.round_trip import round_trip_ms

VISITOR_CITY = b"x-visitor-city"
"""The header in which a request names its visitor's city, edge location code or coordinates."""
_LONGEST_NOTE = 60


class Visitor(NamedTuple):
    """Where a request comes from. ``rtt_ms`` is estimated and never waited for.

    It is the way between the two places alone: the visitor's own access network is not in it.
    """

    city: str
    country_code: str
    location: EdgeLocation
    rtt_ms: float
    detail: str
    """The city, and why another one was taken where it was."""


FindVisitor = Callable[[bytes | None], Visitor]
"""Returns the visitor for the value of a request's X-Visitor-City, or for None."""


def default_place(city: str, regions: Sequence[RegionInfo]) -> Place:
    """Return where visitors are who name no city: ``city`` where it is known, else the first region."""
    place = find_place(city) if city else None
    if place is not None:
        return place
    region = regions[0]
    near = nearest_edge_location(region.latitude, region.longitude)
    return Place(region.city, near.country_code, region.latitude, region.longitude)


def visitor_finder(default: Place) -> FindVisitor:
    """Return a function that finds visitors, remembering what it has found."""

    @lru_cache(maxsize=4096)
    def find(named: bytes | None) -> Visitor:
        if named is None:
            return _visitor(default)
        text = named.decode("utf-8", "replace").strip()
        place = find_place(text)
        if place is not None:
            return _visitor(place)
        return _visitor(default, f' (no known place "{text[:_LONGEST_NOTE]}")')

    return find


def _visitor(place: Place, note: str = "") -> Visitor:
    location = nearest_edge_location(place.latitude, place.longitude)
    rtt_ms = round_trip_ms(place.latitude, place.longitude, location.latitude, location.longitude)
    return Visitor(place.city, place.country_code, location, round(rtt_ms, MS_DIGITS), place.city + note)
