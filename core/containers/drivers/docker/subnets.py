"""Small address ranges for the regions' networks, clear of those that are in use.

An Engine's own address pools give room for about 29 more networks only, so every network is made
with an explicit range of its own.
"""

import random
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, ip_network

POOL = IPv4Network("10.224.0.0/12")
"""Where ranges are taken from: a part of 10.0.0.0/8 that home and office networks seldom use."""
PREFIX_LENGTH = 24
"""253 instances to a region."""


def free_subnets(taken: Iterable[str], choose: random.Random) -> Iterator[IPv4Network]:
    """Yield ranges that overlap none of the ``taken`` ones, in an order of chance.

    Two engines that start at once so seldom try the same range first. Unreadable and IPv6 ranges in
    ``taken`` are passed over.
    """
    used = [network for text in taken if (network := _parse(text)) is not None]
    candidates = list(POOL.subnets(new_prefix=PREFIX_LENGTH))
    choose.shuffle(candidates)
    for candidate in candidates:
        if not any(candidate.overlaps(network) for network in used):
            yield candidate


def gateway_of(subnet: IPv4Network) -> str:
    """Return the address that the Engine's host takes in the range."""
    return str(subnet.network_address + 1)


def _parse(text: str) -> IPv4Network | None:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    return network if isinstance(network, IPv4Network) else None


def routes_of_this_machine(table: str) -> list[str]:
    """Return the ranges that this machine routes, from the text of ``/proc/net/route``.

    A route to everything is left out: it is no reason not to use a range.
    """
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8 or fields[7] == "00000000":
            continue
        address, mask = (int.from_bytes(bytes.fromhex(fields[at]), "little") for at in (1, 7))
        found.append(str(IPv4Network((address, bin(mask).count("1")))))
    return found
