from decimal import Decimal

import pytest

from core.metering.book import book_of, load_book
from core.profiles.load import load_profile


def test_the_book_is_that_of_the_profile() -> None:
    assert book_of("ga") == load_book(load_profile("ga").price_book)
    assert book_of("beta").name == "beta"


@pytest.mark.parametrize("profile", ["", "alpha"])
def test_a_recording_under_an_unknown_profile_is_priced_as_today(profile: str) -> None:
    assert book_of(profile) == load_book()


def test_a_published_price_cannot_be_assumed_away() -> None:
    assert book_of("ga", "5") == load_book()


def test_the_price_that_was_not_published_is_the_users_and_is_marked() -> None:
    (price,) = (one for one in book_of("beta", "0.05").prices if one.assumed)
    assert (price.meter, price.unit_price_usd) == ("container_hours", Decimal("0.05"))
    assert "assumed" in price.item


def test_the_title_says_that_a_price_is_assumed() -> None:
    assert book_of("beta", "0.05").title.endswith(", price assumed")
    assert "assumed" not in book_of("beta").title
    assert "assumed" not in book_of("ga").title
