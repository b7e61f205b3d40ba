"""A region's egress is priced by the country it stands in."""

import pytest

from core.geo.edge_locations import edge_locations
from core.metering.zones import EGRESS_ZONES, egress_zone


@pytest.mark.parametrize(
    ("city", "latitude", "longitude", "zone"),
    [
        ("Ashburn", 39.04, -77.49, "north_america_europe"),
        ("Dublin", 53.33, -6.25, "north_america_europe"),
        ("Querétaro", 20.59, -100.39, "north_america_europe"),
        ("Sydney", -33.87, 151.21, "oceania_korea_taiwan"),
        ("Seoul", 37.57, 126.98, "oceania_korea_taiwan"),
        ("Taipei", 25.03, 121.57, "oceania_korea_taiwan"),
        ("Tokyo", 35.68, 139.69, "elsewhere"),
        ("São Paulo", -23.55, -46.63, "elsewhere"),
        ("Johannesburg", -26.2, 28.04, "elsewhere"),
    ],
)
def test_a_place_is_in_the_zone_of_its_country(
    city: str, latitude: float, longitude: float, zone: str
) -> None:
    assert egress_zone(latitude, longitude) == zone, city


def test_every_edge_location_is_in_a_zone_and_no_zone_is_empty() -> None:
    zones = [egress_zone(one.latitude, one.longitude) for one in edge_locations()]
    assert set(zones) == set(EGRESS_ZONES)
    assert zones.count("north_america_europe") > zones.count("oceania_korea_taiwan")
