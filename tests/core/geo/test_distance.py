import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.geo.distance import EARTH_RADIUS_KM, great_circle_km

LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)


def test_known_distance_agrees_with_published_tables() -> None:
    assert great_circle_km(51.4706, -0.4619, 40.6398, -73.7789) == pytest.approx(5540, rel=0.006)


def test_pole_to_pole_is_half_the_circumference() -> None:
    assert great_circle_km(90, 0, -90, 0) == pytest.approx(3.14159265 * EARTH_RADIUS_KM)


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_both_directions_are_equally_long_and_never_past_the_antipode(
    north_a: float, east_a: float, north_b: float, east_b: float
) -> None:
    there_km = great_circle_km(north_a, east_a, north_b, east_b)
    assert there_km == pytest.approx(great_circle_km(north_b, east_b, north_a, east_a), abs=1e-6)
    assert 0 <= there_km <= 20_016


@given(LATITUDES, LONGITUDES)
def test_a_place_is_no_distance_from_itself(north: float, east: float) -> None:
    assert great_circle_km(north, east, north, east) == pytest.approx(0, abs=1e-6)
