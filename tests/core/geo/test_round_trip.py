"""The model against measured pairs of cities (rtt.csv names the source of each)."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.geo.distance import great_circle_km
from core.geo.round_trip import round_trip_ms
from tests.core.geo import residuals

LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)
LIGHT_IN_FIBRE_KM_PER_MS = 204.0


def test_the_error_on_the_modern_pairs_is_no_worse_than_published() -> None:
    found = residuals.errors(residuals.pairs())
    print(residuals.markdown_table())  # pytest -s shows it
    assert found.pairs == 74
    assert found.rmse_ms <= residuals.PUBLISHED_RMSE_MS
    assert found.mae_ms <= residuals.PUBLISHED_MAE_MS


def test_half_of_the_modern_pairs_are_within_ten_percent() -> None:
    shares = sorted(abs(one.residual_ms / one.measured_ms) for one in residuals.pairs())
    assert shares[len(shares) // 2] < 0.10


def test_every_corridor_of_three_pairs_or_more_is_met_within_a_fifth_of_what_is_measured() -> None:
    corridors = {name: one for name, one in residuals.by_corridor(residuals.pairs()).items() if one.pairs > 2}
    assert len(corridors) == 10
    off = {name: one.mae_ms / one.measured_ms for name, one in corridors.items()}
    assert max(off.values()) < 0.20, off


def test_the_corridors_take_away_a_third_of_the_error_that_a_straight_line_has() -> None:
    """18.5 ms + 0.0166 ms for each kilometre is the least-squares line through the same measurements."""
    pairs = residuals.pairs()
    straight_ms = [18.5 + 0.0166 * one.distance_km - one.measured_ms for one in pairs]
    found = residuals.errors(pairs)
    assert found.rmse_ms < math.sqrt(sum(one * one for one in straight_ms) / len(pairs)) * 2 / 3
    assert found.mae_ms < sum(map(abs, straight_ms)) / len(pairs) * 2 / 3


def test_the_pairs_of_2011_are_met_too_without_having_been_fitted() -> None:
    assert residuals.errors(residuals.pairs(residuals.CHECK)).mae_ms <= 26


def test_two_sites_of_one_city_are_within_what_is_measured_between_zones() -> None:
    assert 0.1 <= round_trip_ms(39.04, -77.49, 38.94, -77.46) <= 2.4


def test_nothing_counts_as_closer_than_two_sites_of_a_city() -> None:
    assert round_trip_ms(10, 10, 10, 10) == pytest.approx(0.56)


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_no_round_trip_is_faster_than_light_in_fibre(
    north_a: float, east_a: float, north_b: float, east_b: float
) -> None:
    distance_km = great_circle_km(north_a, east_a, north_b, east_b)
    assert round_trip_ms(north_a, east_a, north_b, east_b) >= 2 * distance_km / LIGHT_IN_FIBRE_KM_PER_MS
