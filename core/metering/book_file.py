"""Reads a price book's TOML file and checks it; only this module needs pydantic."""

import tomllib
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.metering.book import METERS, BookError, MeterName, Price, PriceBook

Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Plan(_Table):
    item: str
    usd_per_month: Amount
    source: str = Field(min_length=1)


class _Price(_Table):
    meter: MeterName
    item: str
    unit: str
    usd: Amount = Decimal(0)
    per: int = 1
    assumed: bool = False
    """Never published: the book's user names the price."""
    included_per_month: Amount
    source: str = Field(min_length=1)

    @field_validator("usd", "included_per_month", mode="before")
    @classmethod
    def _only_text(cls, value: object) -> object:
        if not isinstance(value, str):
            raise ValueError("write money and amounts as text, so that they stay exact")
        return value.replace("_", "")

    @field_validator("per")
    @classmethod
    def _power_of_ten(cls, value: int) -> int:
        if value < 1 or str(value).strip("0") != "1":
            raise ValueError("must be 1, 10, 100, …, so that a unit's price is an exact decimal")
        return value

    @model_validator(mode="after")
    def _published_or_assumed(self) -> "_Price":
        if self.assumed == ("usd" in self.model_fields_set):
            raise ValueError("needs either usd, or assumed = true")
        return self


class _Unpriced(_Table):
    meters: tuple[MeterName, ...]
    source: str = Field(min_length=1)


class _Book(_Table):
    name: str
    dated: date
    plan: _Plan
    prices: tuple[_Price, ...]
    unpriced: _Unpriced

    @model_validator(mode="after")
    def _every_meter_once(self) -> "_Book":
        named = sorted([*self.unpriced.meters, *(price.meter for price in self.prices)])
        if named != sorted(METERS):
            raise ValueError(f"needs one price, or a place in unpriced, for each of: {', '.join(METERS)}")
        return self


def read_book(name: str) -> PriceBook:
    """Read one of the project's own books. Raises BookError."""
    source = files("core.metering") / "books" / f"{name}.toml"
    try:
        text = source.read_text(encoding="utf-8")
    except OSError:
        raise BookError(f"there is no price book {name!r}") from None
    return parse_book(text, f"{name}.toml")


def parse_book(text: str, where: str) -> PriceBook:
    """Check a book's text; ``where`` names it in messages. Raises BookError."""
    try:
        book = _Book.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BookError(f"{where}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the book"
        raise BookError(f"{where}: {place}: {first['msg'].removeprefix('Value error, ')}") from None
    return PriceBook(
        name=book.name,
        dated=book.dated.isoformat(),
        plan=book.plan.item,
        plan_usd_per_month=book.plan.usd_per_month,
        prices=tuple(_price(one) for one in book.prices),
    )


def _price(price: _Price) -> Price:
    return Price(
        meter=price.meter,
        item=price.item,
        unit=price.unit,
        unit_price_usd=price.usd / price.per,
        included=price.included_per_month,
        source=price.source,
        assumed=price.assumed,
    )
