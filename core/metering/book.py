"""Price books: what each amount of usage costs, dated, with the source of every price."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All prices of one day, in US dollars, with the plan's fee for a month."""

    name: str
    dated: str
    plan: str
    plan_usd_per_month: Decimal
    prices: tuple[Price, ...]

    @property
    def title(self) -> str:
        """Return the name and date, as a person reads them."""
        return f"{self.name}, {self.dated}"


@cache
def load_book(name: str = "ga") -> PriceBook:
    """Return one of the project's own price books. Raises BookError when there is none of that name."""
    from core.metering.book_file import read_book  # late: it brings pydantic, which a console must not load

    return read_book(name)


class BookError(Exception):
    """A price book cannot be used: which one, where in it, and why."""
