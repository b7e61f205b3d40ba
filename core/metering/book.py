"""Price books: what each amount of usage costs, dated, with the source of every price."""

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Literal, get_args

MeterName = Literal[
    "requests",
    "worker_cpu",
    "memory",
    "vcpu",
    "disk",
    "egress_north_america_europe",
    "egress_oceania_korea_taiwan",
    "egress_elsewhere",
    "object_requests",
    "object_duration",
    "container_hours",
]
METERS: tuple[MeterName, ...] = get_args(MeterName)


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one meter. ``unit_price_usd`` is for one ``unit``; ``included`` units a month are free."""

    meter: MeterName
    item: str
    unit: str
    unit_price_usd: Decimal
    included: Decimal
    source: str
    assumed: bool = False
    """Whether the price was never published, and is what the book's user takes it to be."""


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All prices of one day, in US dollars, with the plan's fee for a month; other meters cost nothing."""

    name: str
    dated: str
    plan: str
    plan_usd_per_month: Decimal
    prices: tuple[Price, ...]

    @property
    def title(self) -> str:
        """Return the name and date, as a person reads them, and whether a price in it is an assumption."""
        assumed = any(one.assumed and one.unit_price_usd for one in self.prices)
        return f"{self.name}, {self.dated}{', price assumed' if assumed else ''}"


@cache
def load_book(name: str = "ga") -> PriceBook:
    """Return one of the project's own price books. Raises BookError when there is none of that name."""
    from core.metering.book_file import read_book  # late: it brings pydantic, which a console must not load

    return read_book(name)


def book_of(profile: str, container_hour_usd: str = "") -> PriceBook:
    """Return the price book of a profile, that of today for an unknown one, as in a recording of old.

    ``container_hour_usd`` is what the user assumes for prices that were never published; where it is empty
    they are nothing, and the line says so.
    """
    from core.profiles.load import ProfileError, load_profile

    try:
        book = load_book(load_profile(profile).price_book)
    except ProfileError:
        return load_book()
    return replace(book, prices=tuple(_assumed(one, container_hour_usd) for one in book.prices))


def _assumed(price: Price, container_hour_usd: str) -> Price:
    if not price.assumed:
        return price
    if not container_hour_usd:
        return replace(price, item=f"{price.item} (no price was published)")
    return replace(price, item=f"{price.item} (price assumed)", unit_price_usd=Decimal(container_hour_usd))


class BookError(Exception):
    """A price book cannot be used: which one, where in it, and why."""
