"""Tells the egress price zone of a region from the country that it stands in.

The zones are those of the platform's container prices: North America and Europe; Oceania, Korea and
Taiwan; everywhere else. Continents are the groups of the platform's status page.
"""

from functools import cache
from typing import Literal, get_args

from core.geo.edge_locations import nearest_edge_location

EgressZone = Literal["north_america_europe", "oceania_korea_taiwan", "elsewhere"]
EGRESS_ZONES: tuple[EgressZone, ...] = get_args(EgressZone)

# fmt: off
_NORTH_AMERICA = frozenset({"BB", "CA", "DO", "GT", "JM", "MX", "PR", "US"})
_EUROPE = frozenset({
    "AL", "AT", "BE", "BG", "BY", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GE", "GR",
    "HR", "HU", "IE", "IS", "IT", "KZ", "LT", "LU", "LV", "MD", "MK", "MT", "NL", "NO", "PL", "PT", "RO",
    "RS", "RU", "SE", "SI", "SK", "TR", "UA",
})
_OCEANIA_KOREA_TAIWAN = frozenset({"AU", "FJ", "GU", "KR", "NC", "NZ", "PF", "TW"})
# fmt: on


@cache
def egress_zone(latitude: float, longitude: float) -> EgressZone:
    """Return the price zone of the place at these degrees, by the country of the nearest edge location."""
    country = nearest_edge_location(latitude, longitude).country_code
    if country in _NORTH_AMERICA or country in _EUROPE:
        return "north_america_europe"
    return "oceania_korea_taiwan" if country in _OCEANIA_KOREA_TAIWAN else "elsewhere"
