import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.geo.edge_locations import nearest_edge_location
from core.geo.places import city_names, find_place


def test_a_code_and_its_city_are_the_same_place() -> None:
    assert find_place("NRT") == find_place("tokyo")


def test_a_region_s_city_without_an_edge_location_is_a_place() -> None:
    boardman = find_place("boardman")
    assert boardman is not None
    assert boardman.country_code == "US"


@pytest.mark.parametrize(
    ("city", "code"),
    [
        ("new york", "EWR"),
        ("Washington", "IAD"),
        ("Bengaluru", "BLR"),
        ("Delhi", "DEL"),
        ("Bariloche", "NQN"),
    ],
)
def test_a_well_known_city_without_an_edge_location_is_served_by_the_nearest(city: str, code: str) -> None:
    place = find_place(city)
    assert place is not None
    assert nearest_edge_location(place.latitude, place.longitude).code == code


def test_coordinates_are_a_place_called_by_the_nearest_city() -> None:
    bariloche = find_place("-41.13, -71.31")
    assert bariloche is not None
    assert (bariloche.latitude, bariloche.longitude) == (-41.13, -71.31)
    assert bariloche.city == "Neuquén"


@pytest.mark.parametrize("text", ["", "Atlantis", "91,0", "0,181", "1;2", "nan,nan", "12"])
def test_what_is_no_place_is_not_found(text: str) -> None:
    assert find_place(text) is None


def test_every_city_that_is_offered_is_found() -> None:
    for city in city_names():
        assert find_place(city) is not None


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_pair_of_coordinates_on_the_earth_is_a_place(latitude: float, longitude: float) -> None:
    found = find_place(f"{latitude:.4f},{longitude:.4f}")
    assert found is not None
    assert found.latitude == pytest.approx(latitude, abs=1e-4)
    assert found.longitude == pytest.approx(longitude, abs=1e-4)
