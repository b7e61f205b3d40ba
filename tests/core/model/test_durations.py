import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.durations import parse_duration_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("30s", 30), ("10m", 600), ("2h", 7200), ("1.5m", 90), (" 5 ", 5), (7, 7), (0.5, 0.5)],
)
def test_a_duration_is_read_in_its_unit(text: str | float, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "10 q", "-5s", -5, True, "1d", "1m30s", "nan"])
def test_anything_else_is_refused_with_what_is_allowed(text: str | float) -> None:
    with pytest.raises(ValueError, match="write a number with ms, s, m or h"):
        parse_duration_s(text)


@given(st.integers(0, 10**6))
def test_sixty_seconds_are_a_minute_and_sixty_minutes_an_hour(number: int) -> None:
    assert parse_duration_s(f"{number}m") == parse_duration_s(f"{number * 60}s")
    assert parse_duration_s(f"{number}h") == parse_duration_s(f"{number * 60}m")
