"""The price book is whole, dated and sourced; a wrong one is refused with the place and the reason."""

from decimal import Decimal
from importlib.resources import files

import pytest

from core.metering.book import METERS, BookError, load_book
from core.metering.book_file import parse_book

TEXT = (files("core.metering") / "books" / "ga.toml").read_text(encoding="utf-8")


def test_the_book_has_a_price_with_a_source_for_every_meter() -> None:
    book = load_book()
    assert {price.meter for price in book.prices} == set(METERS) - {"container_hours"}
    assert all(price.source and price.unit and price.item for price in book.prices)
    assert book.title == f"ga, {book.dated}"
    assert load_book("ga") is load_book("ga")


def test_a_price_for_a_million_is_an_exact_price_for_one() -> None:
    prices = {price.meter: price for price in load_book().prices}
    assert prices["requests"].unit_price_usd == Decimal("0.0000003")
    assert prices["requests"].included == 10_000_000


def test_a_book_that_is_not_there_is_named() -> None:
    with pytest.raises(BookError, match="there is no price book 'gold'"):
        load_book("gold")


def test_no_price_of_the_beta_is_made_up() -> None:
    book = load_book("beta")
    today = {price.meter: price.unit_price_usd for price in load_book().prices}
    for price in book.prices:
        assert price.assumed or price.unit_price_usd == today[price.meter]
    assert [price.meter for price in book.prices if price.assumed] == ["container_hours"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('usd = "0.30"', "usd = 0.30", "prices.0.usd: write money and amounts as text"),
        ('usd = "0.30"', 'usd = "-1"', "prices.0.usd: .*greater than or equal to 0"),
        ('usd = "0.30"', 'usd = "NaN"', "prices.0.usd: "),
        ("per = 1_000_000", "per = 3", "prices.0.per: must be 1, 10, 100"),
        ('usd = "0.30"', "", "prices.0: needs either usd, or assumed = true"),
        ('usd = "0.30"', 'usd = "0.30"\nassumed = true', "prices.0: needs either usd, or assumed = true"),
        ('meters = ["container_hours"]', "meters = []", "the book: needs one price, or a place in unpriced"),
        ("per = 1_000_000", "per = 0", "prices.0.per: must be 1, 10, 100"),
        ('meter = "worker_cpu"', 'meter = "requests"', "the book: needs one price, or a place in unp"),
        ('meter = "worker_cpu"', 'meter = "gold"', "prices.1.meter: "),
        ('source = "Workers documentation, platform/pricing"', 'source = ""', "source: "),
        ("dated = 2026-11-23", 'dated = "some day"', "dated: "),
        ('name = "ga"', 'name = "ga"\ncolour = "red"', "colour: "),
        ("[plan]", "[plan", "line 6"),
    ],
)
def test_a_wrong_book_is_refused_with_place_and_reason(old: str, new: str, reason: str) -> None:
    assert old in TEXT
    with pytest.raises(BookError, match=f"^mine.toml: .*{reason}"):
        parse_book(TEXT.replace(old, new, 1), "mine.toml")
