"""Tells the egress price zone of a region by the known city nearest to it.

The zones are those of the platform's container prices: North America and Europe; Oceania, Korea and
Taiwan; everywhere else.
"""

import math
from functools import cache
from typing import Literal, get_args

EgressZone = Literal["north_america_europe", "oceania_korea_taiwan", "elsewhere"]
EGRESS_ZONES: tuple[EgressZone, ...] = get_args(EgressZone)

_CITIES: dict[EgressZone, tuple[tuple[float, float], ...]] = {
    "north_america_europe": (
        (39.0, -77.5),  # Ashburn
        (41.9, -87.6),  # Chicago
        (32.8, -96.8),  # Dallas
        (34.1, -118.2),  # Los Angeles
        (47.6, -122.3),  # Seattle
        (25.8, -80.2),  # Miami
        (39.7, -105.0),  # Denver
        (45.5, -73.6),  # Montréal
        (51.0, -114.1),  # Calgary
        (20.6, -100.4),  # Querétaro
        (21.3, -157.9),  # Honolulu
        (61.2, -149.9),  # Anchorage
        (64.1, -21.9),  # Reykjavík
        (53.3, -6.3),  # Dublin
        (51.5, -0.1),  # London
        (48.9, 2.4),  # Paris
        (50.1, 8.7),  # Frankfurt
        (40.4, -3.7),  # Madrid
        (38.7, -9.1),  # Lisbon
        (45.5, 9.2),  # Milan
        (38.1, 13.4),  # Palermo
        (38.0, 23.7),  # Athens
        (44.4, 26.1),  # Bucharest
        (52.2, 21.0),  # Warsaw
        (59.3, 18.1),  # Stockholm
        (60.2, 24.9),  # Helsinki
        (50.5, 30.5),  # Kyiv
        (55.8, 37.6),  # Moscow
    ),
    "oceania_korea_taiwan": (
        (-33.9, 151.2),  # Sydney
        (-37.8, 145.0),  # Melbourne
        (-27.5, 153.0),  # Brisbane
        (-34.9, 138.6),  # Adelaide
        (-32.0, 115.9),  # Perth
        (-12.5, 130.8),  # Darwin
        (-36.8, 174.8),  # Auckland
        (-43.5, 172.6),  # Christchurch
        (-18.1, 178.4),  # Suva
        (-22.3, 166.5),  # Nouméa
        (-17.5, -149.6),  # Papeete
        (13.5, 144.8),  # Guam
        (37.6, 127.0),  # Seoul
        (35.2, 129.1),  # Busan
        (25.0, 121.5),  # Taipei
        (22.6, 120.3),  # Kaohsiung
    ),
    "elsewhere": (
        (35.7, 139.7),  # Tokyo
        (34.7, 135.5),  # Osaka
        (33.6, 130.4),  # Fukuoka
        (43.1, 141.4),  # Sapporo
        (31.2, 121.5),  # Shanghai
        (26.1, 119.3),  # Fuzhou
        (24.5, 118.1),  # Xiamen
        (39.9, 116.4),  # Beijing
        (22.3, 114.2),  # Hong Kong
        (14.6, 121.0),  # Manila
        (1.3, 103.8),  # Singapore
        (-6.2, 106.8),  # Jakarta
        (-8.7, 115.2),  # Denpasar
        (13.8, 100.5),  # Bangkok
        (19.1, 72.9),  # Mumbai
        (13.1, 80.3),  # Chennai
        (28.6, 77.2),  # Delhi
        (25.3, 55.3),  # Dubai
        (32.1, 34.8),  # Tel Aviv
        (41.0, 29.0),  # Istanbul
        (43.2, 76.9),  # Almaty
        (30.0, 31.2),  # Cairo
        (36.8, 3.1),  # Algiers
        (36.8, 10.2),  # Tunis
        (33.6, -7.6),  # Casablanca
        (6.5, 3.4),  # Lagos
        (-1.3, 36.8),  # Nairobi
        (-26.2, 28.0),  # Johannesburg
        (-23.5, -46.6),  # São Paulo
        (-34.6, -58.4),  # Buenos Aires
        (-33.4, -70.7),  # Santiago
        (-12.0, -77.0),  # Lima
        (4.7, -74.1),  # Bogotá
        (10.5, -66.9),  # Caracas
        (9.0, -79.5),  # Panama City
    ),
}


@cache
def egress_zone(latitude: float, longitude: float) -> EgressZone:
    """Return the price zone of the place at these degrees north and east."""
    here = _point(latitude, longitude)
    distances: list[tuple[float, EgressZone]] = [
        (math.dist(here, _point(*city)), zone) for zone, cities in _CITIES.items() for city in cities
    ]
    return min(distances)[1]


def _point(latitude: float, longitude: float) -> tuple[float, float, float]:
    """Return the place as a point of the unit sphere, where the nearer place is the nearer point."""
    north, east = math.radians(latitude), math.radians(longitude)
    return math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north)
