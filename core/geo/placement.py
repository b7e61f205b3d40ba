"""Which region serves an edge location."""

from collections.abc import Iterable

from core.events.types import RegionInfo
from core.geo.edge_locations import EdgeLocation
from core.geo.round_trip import round_trip_ms


def nearest_region(location: EdgeLocation, regions: Iterable[RegionInfo]) -> tuple[RegionInfo, float]:
    """Return the region with the shortest estimated round trip, and that round trip in milliseconds.

    Of equally near regions the first. Raises ValueError when there is none.
    """
    reached = [(one, region_round_trip_ms(location, one)) for one in regions]
    return min(reached, key=lambda pair: pair[1])


def region_round_trip_ms(location: EdgeLocation, region: RegionInfo) -> float:
    """Return the estimated round trip from an edge location to a region."""
    return round_trip_ms(location.latitude, location.longitude, region.latitude, region.longitude)
