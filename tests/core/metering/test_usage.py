"""Usage adds up and is taken apart exactly, whatever the amounts."""

from hypothesis import given
from hypothesis import strategies as st

from core.metering.usage import USAGE_FIELDS, Usage

amounts = st.integers(0, 10**18)
usages = st.builds(Usage, **dict.fromkeys(USAGE_FIELDS, amounts))


@given(usages, usages)
def test_what_is_added_can_be_taken_away_again(one: Usage, other: Usage) -> None:
    assert (one + other) - other == one
    assert one + other == other + one


@given(usages, usages, usages)
def test_it_does_not_matter_what_is_added_first(one: Usage, two: Usage, three: Usage) -> None:
    assert (one + two) + three == one + (two + three)


@given(usages)
def test_nothing_added_changes_nothing(usage: Usage) -> None:
    assert usage + Usage() == usage == usage - Usage()


@given(usages, usages)
def test_each_amount_is_added_to_its_own_kind(one: Usage, other: Usage) -> None:
    total = one + other
    for name in USAGE_FIELDS:
        assert getattr(total, name) == getattr(one, name) + getattr(other, name)
