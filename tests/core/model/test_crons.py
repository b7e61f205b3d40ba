from datetime import UTC, datetime

import pytest

from core.model.crons import check_cron, due_times

THURSDAY = datetime(2026, 1, 1, 12, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "due"),
    [
        ("*/5 * * * *", datetime(2026, 1, 1, 12, 5, tzinfo=UTC)),
        ("0 0 * * 1", datetime(2026, 1, 4, tzinfo=UTC)),
        ("0 0 * * SUN", datetime(2026, 1, 4, tzinfo=UTC)),
        ("0 0 * * 2-6", datetime(2026, 1, 2, tzinfo=UTC)),
        ("0 0 * * 7", datetime(2026, 1, 3, tzinfo=UTC)),
        ("0 0 * * 2#2", datetime(2026, 1, 12, tzinfo=UTC)),
        ("0 0 * * 6L", datetime(2026, 1, 30, tzinfo=UTC)),
        ("0 0 L * *", datetime(2026, 1, 31, tzinfo=UTC)),
        ("0 12 * * */2", datetime(2026, 1, 3, 12, tzinfo=UTC)),
    ],
)
def test_the_next_time_counts_the_days_of_the_week_from_sunday_as_one(cron: str, due: datetime) -> None:
    assert next(due_times(cron, THURSDAY)) == due


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("* * * *", "it has 4 fields, not 5"),
        ("0 * * * * *", "it has 6 fields, not 5"),
        ("60 * * * *", "bad minute"),
        ("0 0 * * 0", "day of the week 0, not 1 to 7"),
        ("0 0 31 2 *", "bad day-of-month"),
        ("", "it has 0 fields, not 5"),
    ],
)
def test_what_is_no_expression_is_refused_with_the_reason(cron: str, said: str) -> None:
    with pytest.raises(ValueError, match="no cron expression") as caught:
        check_cron(cron)
    assert said in str(caught.value)
    assert "1 is Sunday" in str(caught.value)
