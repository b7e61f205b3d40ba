import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.geo.distance import great_circle_km
from core.geo.edge_locations import by_city, by_code, edge_locations, folded, nearest_edge_location


def test_the_table_holds_all_edge_locations_sorted_and_each_code_once() -> None:
    codes = [one.code for one in edge_locations()]
    assert len(codes) == 339
    assert codes == sorted(set(codes))


def test_every_row_is_complete_and_on_the_earth() -> None:
    for one in edge_locations():
        assert len(one.code) == 3
        assert one.code.isupper()
        assert one.city
        assert one.country
        assert len(one.country_code) == 2
        assert -90 <= one.latitude <= 90
        assert -180 <= one.longitude <= 180


def test_every_location_is_found_by_its_code_and_its_city() -> None:
    for one in edge_locations():
        assert by_code(one.code) == one
        assert by_city(one.city) == one


@pytest.mark.parametrize("text", ["nrt", "NRT", " Nrt "])
def test_codes_are_found_in_any_case(text: str) -> None:
    found = by_code(text)
    assert found is not None
    assert found.city == "Tokyo"


@pytest.mark.parametrize("text", ["São Paulo", "sao paulo", "SAO PAULO", "sao-paulo", "Sa\u0303o Paulo"])
def test_cities_are_found_without_regard_to_case_and_accents(text: str) -> None:
    found = by_city(text)
    assert found is not None
    assert found.code == "GRU"


def test_accents_tell_two_cities_of_one_name_apart() -> None:
    california, costa_rica = by_city("san jose"), by_city("San José")
    assert california is not None
    assert costa_rica is not None
    assert (california.code, costa_rica.code) == ("SJC", "SJO")


@pytest.mark.parametrize("text", ["", "Atlantis", "XXX"])
def test_unknown_names_are_not_found(text: str) -> None:
    assert by_city(text) is None
    assert by_code(text) is None


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_no_other_location_is_nearer_than_the_nearest(latitude: float, longitude: float) -> None:
    chosen = nearest_edge_location(latitude, longitude)
    chosen_km = great_circle_km(latitude, longitude, chosen.latitude, chosen.longitude)
    for one in edge_locations():
        assert chosen_km <= great_circle_km(latitude, longitude, one.latitude, one.longitude) + 0.1


@given(st.text(max_size=30))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert folded(folded(text)) == folded(text)
