"""Address ranges for networks."""

import random
from ipaddress import IPv4Network
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from core.containers.drivers.docker.subnets import POOL, free_subnets, gateway_of, routes_of_this_machine

RANGES = st.builds(
    lambda address, length: str(IPv4Network((address, length), strict=False)),
    st.integers(min_value=int(POOL.network_address), max_value=int(POOL.broadcast_address)),
    st.integers(min_value=14, max_value=32),
)


@given(st.lists(RANGES, max_size=8), st.integers())
def test_a_free_range_overlaps_no_taken_one_and_lies_in_the_pool(taken: list[str], seed: int) -> None:
    for found in islice(free_subnets(taken, random.Random(seed)), 5):
        assert found.subnet_of(POOL)
        assert not any(found.overlaps(IPv4Network(one)) for one in taken)
        assert gateway_of(found) == str(next(found.hosts()))


def test_none_is_free_when_all_is_taken() -> None:
    assert list(free_subnets([str(POOL)], random.Random(1))) == []


def test_what_cannot_be_read_and_ipv6_ranges_are_passed_over() -> None:
    assert next(free_subnets(["", "fd00::/8", "nonsense"], random.Random(1))).subnet_of(POOL)


def test_routes_are_read_from_the_kernels_table_without_the_default_route() -> None:
    table = (
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        "short line\n"
    )
    assert routes_of_this_machine(table) == ["192.168.1.0/24"]
