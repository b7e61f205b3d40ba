import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events.types import RegionInfo
from core.geo.edge_locations import EdgeLocation, by_code, edge_locations
from core.geo.placement import nearest_region, region_round_trip_ms
from core.geo.regions import known_regions

REGIONS = [
    RegionInfo(one.id, one.city, one.latitude, one.longitude, "simulated") for one in known_regions().values()
]


def location(code: str) -> EdgeLocation:
    found = by_code(code)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("code", "region"),
    [("EWR", "us-east"), ("FRA", "eu-central"), ("NRT", "ap-northeast"), ("EZE", "sa-east")],
)
def test_an_edge_location_is_served_by_the_region_near_it(code: str, region: str) -> None:
    names = ("us-east", "eu-central", "ap-northeast", "sa-east")
    chosen, _ = nearest_region(location(code), [one for one in REGIONS if one.id in names])
    assert chosen.id == region


def test_of_equally_near_regions_the_first_is_taken() -> None:
    twins = [one for one in REGIONS if one.city == "Ashburn"]
    assert nearest_region(location("IAD"), twins)[0] is twins[0]


def test_no_region_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="empty"):
        nearest_region(location("IAD"), [])


@given(
    st.sampled_from(edge_locations()),
    st.lists(st.sampled_from(REGIONS), min_size=1, max_size=6),
)
def test_no_other_region_has_a_shorter_round_trip(here: EdgeLocation, regions: list[RegionInfo]) -> None:
    chosen, rtt_ms = nearest_region(here, regions)
    assert chosen in regions
    assert rtt_ms == min(region_round_trip_ms(here, one) for one in regions)
