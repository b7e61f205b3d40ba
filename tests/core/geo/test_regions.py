import pytest

from core.geo.places import find_place
from core.geo.regions import known_region, known_regions


@pytest.mark.parametrize(
    ("region_id", "city"),
    [
        ("us-east", "Ashburn"),
        ("eu-west", "Dublin"),
        ("eu-central", "Frankfurt"),
        ("ap-northeast", "Tokyo"),
        ("ap-southeast", "Singapore"),
        ("sa-east", "São Paulo"),
        ("eu-west-2", "London"),
        ("US-EAST-1", "Ashburn"),
    ],
)
def test_well_known_ids_stand_for_their_cities(region_id: str, city: str) -> None:
    found = known_region(region_id)
    assert found is not None
    assert found.city == city


@pytest.mark.parametrize("hint", ["enam", "wnam", "weur", "eeur", "apac", "oc", "sam", "afr", "me"])
def test_every_hint_of_the_platform_is_known(hint: str) -> None:
    assert known_region(hint) is not None


def test_an_unknown_id_is_not_found() -> None:
    assert known_region("moon-base-1") is None


def test_a_region_in_a_city_with_an_edge_location_stands_where_that_does() -> None:
    for region in known_regions().values():
        place = find_place(region.city)
        assert place is not None
        assert (place.latitude, place.longitude) == (region.latitude, region.longitude), region.id
