from typing import get_args

import pytest

from core.geo.edge_locations import edge_locations
from core.geo.places import city_names, find_place
from core.geo.platform_regions import platform_region
from core.geo.regions import known_region
from core.model.constraints import PlatformRegionName
from core.profiles.load import load_profile


@pytest.mark.parametrize("name", get_args(PlatformRegionName))
def test_the_hint_of_a_region_names_a_city_inside_it(name: str) -> None:
    city = known_region(name)
    assert city is not None
    assert platform_region(city.country_code, city.longitude) == name


def test_the_regions_that_can_be_declared_are_those_of_the_profile() -> None:
    assert get_args(PlatformRegionName) == load_profile("ga").placement.regions


def test_every_edge_location_and_every_known_city_lies_in_a_region() -> None:
    known = set(get_args(PlatformRegionName))
    assert {platform_region(one.country_code, one.longitude) for one in edge_locations()} == known
    for city in city_names():
        place = find_place(city)
        assert place is not None
        assert platform_region(place.country_code, place.longitude) in known


@pytest.mark.parametrize(
    ("city", "region"),
    [
        ("Ashburn", "ENAM"),
        ("Dallas", "ENAM"),
        ("Denver", "WNAM"),
        ("Frankfurt", "WEUR"),
        ("Warsaw", "EEUR"),
        ("Tokyo", "APAC"),
        ("Sydney", "OC"),
        ("Dubai", "ME"),
        ("Nairobi", "AFR"),
        ("Buenos Aires", "SAM"),
    ],
)
def test_a_city_lies_where_one_expects_it(city: str, region: str) -> None:
    place = find_place(city)
    assert place is not None
    assert platform_region(place.country_code, place.longitude) == region
