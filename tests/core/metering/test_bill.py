"""Bills are exact: every line is its quantity times its price, and the lines add up to the total."""

from decimal import Context, Decimal, Inexact, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metering.bill import EXACT, Bill, list_price, month_bill, plain, quantities
from core.metering.book import METERS, book_of, load_book
from core.metering.usage import TICKS_PER_S, USAGE_FIELDS, Usage
from tests.core.metering.test_usage import usages

BOOK = load_book()
ASSUMED = book_of("beta", "0.12")
STRICT = Context(prec=200, traps=[Inexact])
"""Arithmetic that raises where a digit would be lost."""


def check(bill: Bill) -> None:
    with localcontext(STRICT):
        for line in bill.lines:
            assert line.billable == max(line.quantity - line.included, Decimal(0))
            assert line.amount_usd == line.billable * line.unit_price_usd >= 0
        assert sum((line.amount_usd for line in bill.lines), Decimal(0)) == bill.total_usd


@given(usages)
def test_every_line_is_quantity_times_price_and_all_add_up(usage: Usage) -> None:
    check(list_price(usage, BOOK))
    check(month_bill(usage, BOOK))


@given(usages)
def test_a_bill_at_an_assumed_price_is_as_exact(usage: Usage) -> None:
    check(list_price(usage, ASSUMED))
    check(month_bill(usage, ASSUMED))


@given(st.integers(0, 10**12))
def test_hours_are_true_to_far_less_than_a_tick(ticks: int) -> None:
    hours = quantities(Usage(object_ticks=ticks))["container_hours"]
    assert abs(hours * 3600 * TICKS_PER_S - ticks) < Decimal("0.000001")


def test_the_beta_costs_requests_cpu_time_and_the_hours_of_its_containers() -> None:
    hour = Usage(requests=10**6, memory_mib_ticks=10**9, object_ticks=3600 * TICKS_PER_S, vcpu_us=10**9)
    lines = {line.item: line for line in list_price(hour, ASSUMED).lines}
    assert {item: line.amount_usd for item, line in lines.items() if line.amount_usd} == {
        "Worker requests": Decimal("0.30"),
        "Container hours (price assumed)": Decimal("0.12"),
    }
    assert [item for item, line in lines.items() if line.assumed] == ["Container hours (price assumed)"]


def test_hours_without_an_assumed_price_are_counted_and_said_to_have_none() -> None:
    (line,) = (one for one in list_price(Usage(object_ticks=720_000), book_of("beta")).lines if one.assumed)
    assert line.item == "Container hours (no price was published)"
    assert (line.quantity, line.amount_usd) == (Decimal(2), Decimal(0))


@given(usages)
def test_no_digit_of_a_quantity_is_lost(usage: Usage) -> None:
    with localcontext(STRICT):
        exact = {
            "memory": Decimal(usage.memory_mib_ticks) / (1024 * TICKS_PER_S),
            "vcpu": Decimal(usage.vcpu_us) / 10**6,
            "object_duration": Decimal("0.128") * usage.object_ticks / TICKS_PER_S,
        }
    found = quantities(usage)
    assert {name: found[name] for name in exact} == exact  # type: ignore[index]


@given(usages, usages)
def test_two_bills_at_list_price_add_up_to_the_bill_of_both(one: Usage, other: Usage) -> None:
    with localcontext(STRICT):
        apart = list_price(one, BOOK).total_usd + list_price(other, BOOK).total_usd
    assert list_price(one + other, BOOK).total_usd == apart


@given(usages)
def test_a_month_costs_the_plan_and_what_is_beyond_the_included_amounts(usage: Usage) -> None:
    plan, *lines = month_bill(usage, BOOK).lines
    assert plan.item == "Workers Paid plan"
    assert plan.amount_usd == 5
    for line, listed in zip(lines, list_price(usage, BOOK).lines, strict=True):
        assert (line.item, line.quantity) == (listed.item, listed.quantity)
        assert line.amount_usd <= listed.amount_usd


def test_nothing_used_costs_nothing_but_the_plan() -> None:
    assert list_price(Usage(), BOOK).total_usd == 0
    assert month_bill(Usage(), BOOK).total_usd == 5


def test_a_month_within_the_included_amounts_costs_the_plan_alone() -> None:
    usage = Usage(requests=10_000_000, worker_cpu_us=30_000_000_000, object_requests=1_000_000)
    assert month_bill(usage, BOOK).total_usd == 5
    assert month_bill(usage + Usage(requests=1_000_000), BOOK).total_usd == Decimal("5.30")


@pytest.mark.parametrize(
    ("usage", "item", "amount_usd"),
    [
        (Usage(requests=1_000_000), "Worker requests", "0.30"),
        (Usage(worker_cpu_us=10**9), "Worker CPU time", "0.02"),
        (Usage(memory_mib_ticks=1024 * 3600 * TICKS_PER_S), "Container memory", "0.009"),
        (Usage(vcpu_us=3600 * 10**6), "Container CPU", "0.072"),
        (Usage(disk_mb_ticks=1000 * 3600 * TICKS_PER_S), "Container disk", "0.000252"),
        (Usage(egress_north_america_europe_bytes=10**9), "Egress, North America and Europe", "0.025"),
        (Usage(egress_oceania_korea_taiwan_bytes=10**9), "Egress, Oceania, Korea, Taiwan", "0.05"),
        (Usage(egress_elsewhere_bytes=10**9), "Egress, elsewhere", "0.04"),
        (Usage(object_requests=1_000_000), "Durable Object requests", "0.15"),
        (Usage(object_ticks=1_000_000 * TICKS_PER_S), "Durable Object duration", "1.6"),
    ],
)
def test_one_kind_of_use_costs_what_the_platform_says(usage: Usage, item: str, amount_usd: str) -> None:
    """An hour of a GiB, of a vCPU and of a GB; a million requests; a gigabyte; a million seconds."""
    bill = list_price(usage, BOOK)
    assert {line.item: line.amount_usd for line in bill.lines if line.amount_usd} == {
        item: Decimal(amount_usd)
    }
    assert bill.total_usd == Decimal(amount_usd)


def test_each_kind_of_use_has_one_quantity() -> None:
    assert tuple(quantities(Usage())) == METERS
    assert len(METERS) == len(USAGE_FIELDS) + 1  # hours are another measure of the objects' time


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0"),
        ("0E-12", "0"),
        ("0.0000003", "0.0000003"),
        ("1E-7", "0.0000001"),
        ("1.500", "1.5"),
        ("100", "100"),
        ("1E+3", "1000"),
    ],
)
def test_amounts_are_plain_text(amount: str, text: str) -> None:
    assert plain(Decimal(amount)) == text


@given(usages)
def test_an_amount_as_text_is_the_same_amount(usage: Usage) -> None:
    total_usd = list_price(usage, BOOK).total_usd
    assert Decimal(plain(total_usd)) == total_usd
    assert EXACT.create_decimal(plain(total_usd)) == total_usd
