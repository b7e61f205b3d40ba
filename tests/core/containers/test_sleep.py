"""When an instance may sleep."""

import pytest

from core.containers.sleep import idle_left_s


@pytest.mark.parametrize(
    ("in_flight", "last_active_s", "now_s", "expected_s"),
    [
        (0, 10.0, 10.0, 60.0),
        (0, 10.0, 30.0, 40.0),
        (0, 10.0, 70.0, 0.0),
        (0, 10.0, 99.0, 0.0),
        (1, 10.0, 99.0, 60.0),
    ],
)
def test_idle_time_counts_from_the_last_activity_and_not_while_requests_are_in_flight(
    in_flight: int, last_active_s: float, now_s: float, expected_s: float
) -> None:
    assert idle_left_s(in_flight, last_active_s, now_s, 60.0) == expected_s


def test_a_rest_below_the_resolution_of_time_is_none() -> None:
    assert idle_left_s(0, 0.1, 60.1 - 1e-9, 60.0) == 0.0
