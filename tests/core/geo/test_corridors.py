from hypothesis import given
from hypothesis import strategies as st

from core.geo.corridors import model, path_km
from core.geo.distance import great_circle_km

POINTS = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
NEW_YORK, LONDON, SYDNEY = (40.71, -74.01), (51.51, -0.13), (-33.87, 151.21)


def test_every_hub_can_be_reached_from_every_other() -> None:
    for one in model().hubs.values():
        for other in model().hubs.values():
            assert path_km(one, other) < 40_000


def test_a_short_way_is_straight() -> None:
    assert path_km(LONDON, (48.86, 2.35)) == great_circle_km(*LONDON, 48.86, 2.35)


def test_a_long_way_over_one_cable_is_little_longer_than_the_great_circle() -> None:
    straight_km = great_circle_km(*NEW_YORK, *LONDON)
    assert straight_km <= path_km(NEW_YORK, LONDON) < 1.05 * straight_km


def test_europe_to_australia_is_a_detour() -> None:
    assert path_km(LONDON, SYDNEY) > 1.1 * great_circle_km(*LONDON, *SYDNEY)


@given(POINTS, POINTS)
def test_no_way_is_shorter_than_the_great_circle(
    here: tuple[float, float], there: tuple[float, float]
) -> None:
    assert path_km(here, there) >= great_circle_km(*here, *there) - 1e-6


@given(POINTS, POINTS)
def test_both_directions_are_equally_long(here: tuple[float, float], there: tuple[float, float]) -> None:
    assert abs(path_km(here, there) - path_km(there, here)) < 1e-3
