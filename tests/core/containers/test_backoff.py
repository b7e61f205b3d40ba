"""The wait between failures in a row."""

import pytest

from core.containers.backoff import Backoff, delay_s


@pytest.mark.parametrize(
    ("failures", "expected_s"),
    [(0, 0), (1, 0), (2, 0.5), (3, 1), (4, 2), (5, 4), (6, 8), (7, 10), (8, 10), (10_000, 10)],
)
def test_the_wait_doubles_up_to_ten_seconds(failures: int, expected_s: float) -> None:
    assert delay_s(failures) == expected_s


def test_a_success_resets_it() -> None:
    backoff = Backoff()
    assert [backoff.failed(100.0) for _ in range(3)] == [0, 0.5, 1]
    assert backoff.wait_s(100.25) == 0.75
    assert backoff.wait_s(102.0) == 0
    backoff.succeeded()
    assert backoff.wait_s(100.0) == 0
    assert backoff.failed(100.0) == 0
