"""Turns usage into money: exact decimals, one line for each price."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext

from core.metering.book import MeterName, PriceBook
from core.metering.usage import TICKS_PER_S, Usage

EXACT = Context(prec=60)
"""Enough digits that no product or sum of a bill is ever rounded."""
OBJECT_MEMORY_GB = Decimal("0.128")
"""A Durable Object's duration is always metered as 128 MB (Durable Objects documentation, pricing)."""
HOURS_PER_MONTH = 730
_MIB_PER_GIB = 1024
_MB_PER_GB = 1000
_BYTES_PER_GB = 10**9
_MICRO = 10**6
_TICKS_PER_HOUR = 3600 * TICKS_PER_S
_HOUR_STEP = Decimal("1E-12")
"""A third of an hour has no end as a decimal: hours are rounded here, far below one tick."""


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line: ``billable`` is ``quantity`` less ``included``, never below nothing."""

    item: str
    quantity: Decimal
    included: Decimal
    billable: Decimal
    unit: str
    unit_price_usd: Decimal
    amount_usd: Decimal
    assumed: bool = False
    """Whether the price is an assumption of the user."""


@dataclass(frozen=True, slots=True)
class Bill:
    """The lines and what they add up to."""

    lines: tuple[BillLine, ...]
    total_usd: Decimal


def quantities(usage: Usage) -> dict[MeterName, Decimal]:
    """Return usage in the units that prices are for: GB-s, GiB-s, vCPU-s, ms, GB, requests, hours.

    Exact, but for hours, which are rounded to twelve digits.
    """
    with localcontext(EXACT):
        return {
            "requests": Decimal(usage.requests),
            "worker_cpu": Decimal(usage.worker_cpu_us) / 1000,
            "memory": Decimal(usage.memory_mib_ticks) / (_MIB_PER_GIB * TICKS_PER_S),
            "vcpu": Decimal(usage.vcpu_us) / _MICRO,
            "disk": Decimal(usage.disk_mb_ticks) / (_MB_PER_GB * TICKS_PER_S),
            "egress_north_america_europe": Decimal(usage.egress_north_america_europe_bytes) / _BYTES_PER_GB,
            "egress_oceania_korea_taiwan": Decimal(usage.egress_oceania_korea_taiwan_bytes) / _BYTES_PER_GB,
            "egress_elsewhere": Decimal(usage.egress_elsewhere_bytes) / _BYTES_PER_GB,
            "object_requests": Decimal(usage.object_requests),
            "object_duration": OBJECT_MEMORY_GB * usage.object_ticks / TICKS_PER_S,
            "container_hours": (Decimal(usage.object_ticks) / _TICKS_PER_HOUR).quantize(_HOUR_STEP),
        }


def list_price(usage: Usage, book: PriceBook) -> Bill:
    """Return the bill before included amounts and without the plan's fee."""
    amounts = quantities(usage)
    nothing = Decimal(0)
    return _bill(
        _line(one.item, amounts[one.meter], nothing, one.unit, one.unit_price_usd, assumed=one.assumed)
        for one in book.prices
    )


def month_bill(usage: Usage, book: PriceBook) -> Bill:
    """Return the bill of one month: the plan's fee, and usage beyond the included amounts."""
    amounts = quantities(usage)
    return _bill(
        (
            _line(book.plan, Decimal(1), Decimal(0), "month", book.plan_usd_per_month),
            *(
                _line(
                    one.item,
                    amounts[one.meter],
                    one.included,
                    one.unit,
                    one.unit_price_usd,
                    assumed=one.assumed,
                )
                for one in book.prices
            ),
        )
    )


def _line(
    item: str,
    quantity: Decimal,
    included: Decimal,
    unit: str,
    unit_price_usd: Decimal,
    *,
    assumed: bool = False,
) -> BillLine:
    with localcontext(EXACT):
        billable = max(quantity - included, Decimal(0))
        amount_usd = billable * unit_price_usd
        return BillLine(item, quantity, included, billable, unit, unit_price_usd, amount_usd, assumed)


def _bill(lines: Iterable[BillLine]) -> Bill:
    with localcontext(EXACT):
        kept = tuple(lines)
        return Bill(kept, sum((line.amount_usd for line in kept), Decimal(0)))


def plain(amount: Decimal) -> str:
    """Return an exact decimal as text, without an exponent and without zeros that say nothing."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
