"""Figures as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import units


@pytest.mark.parametrize(
    ("value_ms", "text"), [(0, "0"), (2.34, "2.3"), (9.96, "10"), (171.4, "171"), (1312, "1,312")]
)
def test_milliseconds(value_ms: float, text: str) -> None:
    assert units.milliseconds(value_ms) == text


@pytest.mark.parametrize(
    ("value_ms", "text"),
    [
        (0.64, "0.6 ms"),
        (842, "842 ms"),
        (999.4, "999 ms"),
        (999.6, "1.0 s"),
        (1610, "1.6 s"),
        (61_000, "61 s"),
    ],
)
def test_a_duration_in_milliseconds_takes_the_unit_that_fits(value_ms: float, text: str) -> None:
    assert units.duration_ms(value_ms) == text


@pytest.mark.parametrize(
    ("value_s", "text"),
    [
        (-1, "0.0 s"),
        (1.25, "1.2 s"),
        (42, "42 s"),
        (99.6, "2 min"),
        (240, "4 min"),
        (7200, "2 h"),
        (259_200, "3 d"),
    ],
)
def test_a_duration_in_seconds_takes_the_unit_that_fits(value_s: float, text: str) -> None:
    assert units.duration_s(value_s) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0/s"), (0.31, "0.3/s"), (212.3, "212/s"), (1200, "1,200/s")]
)
def test_rates(value: float, text: str) -> None:
    assert units.per_second(value) == text


@pytest.mark.parametrize(
    ("value_mib", "text"), [(96.4, "96 MiB"), (1023, "1023 MiB"), (1536, "1.5 GiB"), (12_288, "12 GiB")]
)
def test_memory(value_mib: float, text: str) -> None:
    assert units.mebibytes(value_mib) == text


@pytest.mark.parametrize(("share", "text"), [(0, "0 %"), (0.003, "0.3 %"), (0.71, "71 %"), (1, "100 %")])
def test_shares(share: float, text: str) -> None:
    assert units.percent(share) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("", "$0.00"),
        ("0", "$0.00"),
        ("0.0032149", "$0.00321"),
        ("0.000000123", "$0.000000"),
        ("0.13", "$0.130"),
        ("1.005", "$1.00"),
        ("9611.2", "$9,611.20"),
    ],
)
def test_amounts_of_money(amount: str, text: str) -> None:
    assert units.usd(amount) == text


@given(st.decimals(min_value=0, max_value=10**9, allow_nan=False, places=8))
def test_money_is_never_off_by_more_than_its_last_digit(amount: object) -> None:
    text = units.usd(f"{amount:f}")
    digits = len(text.partition(".")[2])
    assert abs(float(text[1:].replace(",", "")) - float(str(amount))) <= 0.51 * 10**-digits


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (48_200, "48 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (48_234_496, "48 MB"),
        (2_100_000_000, "2.1 GB"),
    ],
)
def test_disk_is_told_in_decimal_units(value: int, text: str) -> None:
    assert units.disk_size(value) == text
