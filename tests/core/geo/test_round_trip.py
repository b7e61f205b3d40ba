"""The model against measured pairs of cities (rtt.csv names the source of each)."""

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.geo.distance import great_circle_km
from core.geo.round_trip import round_trip_ms

LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)
LIGHT_IN_FIBRE_KM_PER_MS = 204.0


def measured(*sets: str) -> list[tuple[float, float]]:
    """Return (estimated, measured) in milliseconds for every pair of the named sets."""
    with Path(__file__).with_name("rtt.csv").open(encoding="utf-8") as table:
        return [
            (
                round_trip_ms(*(float(row[key]) for key in ("lat_a", "lon_a", "lat_b", "lon_b"))),
                float(row["rtt_ms"]),
            )
            for row in csv.DictReader(table)
            if row["set"] in sets
        ]


def test_the_error_on_the_modern_pairs_is_no_worse_than_published() -> None:
    errors_ms = [estimate - truth for estimate, truth in measured("ibm", "aws", "aws2")]
    assert len(errors_ms) == 74
    assert math.sqrt(sum(error * error for error in errors_ms) / len(errors_ms)) <= 23
    assert sum(map(abs, errors_ms)) / len(errors_ms) <= 14


def test_half_of_the_modern_pairs_are_within_ten_percent() -> None:
    shares = sorted(abs(estimate / truth - 1) for estimate, truth in measured("ibm", "aws", "aws2"))
    assert shares[len(shares) // 2] < 0.10


def test_the_pairs_of_2011_are_met_too_without_having_been_fitted() -> None:
    errors_ms = [estimate - truth for estimate, truth in measured("wonder2011")]
    assert sum(map(abs, errors_ms)) / len(errors_ms) <= 26


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
