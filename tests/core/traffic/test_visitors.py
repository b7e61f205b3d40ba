import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import VirtualClock, run_virtual
from core.http.messages import Request, Response
from core.model.deployment import Traffic, TrafficPath
from core.traffic.visitors import Send, Visitors, sender


class Log:
    """Notes every request and when it came; each takes ``takes_s`` to be answered."""

    def __init__(self, clock: VirtualClock, takes_s: float = 0.0) -> None:
        self.clock = clock
        self.takes_s = takes_s
        self.seen: list[tuple[float, Request]] = []
        self.canceled = 0

    async def send(self, request: Request) -> None:
        self.seen.append((self.clock.now_s(), request))
        try:
            await asyncio.sleep(self.takes_s)
        except asyncio.CancelledError:
            self.canceled += 1
            raise


def let_come(
    traffic: Traffic, seconds: float, seed: int = 1, takes_s: float = 0.0, most: int = 1000
) -> tuple[Visitors, Log]:
    """Let visitors come for so many seconds of virtual time."""
    clock = VirtualClock()
    log = Log(clock, takes_s)
    visitors = Visitors(traffic, log.send, clock, Random(seed), most)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await visitors.run()

    run_virtual(main(), clock)
    return visitors, log


def city_of(request: Request) -> bytes | None:
    """Return the city that a request names."""
    return request.header(b"x-visitor-city")


def test_as_many_come_as_declared() -> None:
    _, log = let_come(Traffic(requests_per_second=50), 100)
    assert len(log.seen) == pytest.approx(5000, abs=4 * math.sqrt(5000))


def test_the_times_between_arrivals_are_exponential() -> None:
    """Mean and standard deviation of an exponential distribution are equal; half lie below ln 2 of them."""
    _, log = let_come(Traffic(requests_per_second=50), 100)
    times = [time_s for time_s, _ in log.seen]
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    mean_s = sum(gaps) / len(gaps)
    deviation_s = math.sqrt(sum((gap - mean_s) ** 2 for gap in gaps) / len(gaps))
    assert deviation_s == pytest.approx(mean_s, rel=0.1)
    assert gaps[len(gaps) // 2] == pytest.approx(mean_s * math.log(2), rel=0.1)


def test_visitors_come_on_while_earlier_ones_still_wait() -> None:
    slow, quick = (let_come(Traffic(requests_per_second=20), 10, takes_s=takes)[1] for takes in (5, 0))
    assert [time_s for time_s, _ in slow.seen] == [time_s for time_s, _ in quick.seen]


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_the_same_seed_brings_the_same_visitors(seed: int) -> None:
    traffic = Traffic(
        requests_per_second=5,
        cities={"NRT": 1, "Lisbon": 2},
        paths=(TrafficPath(path="/a"), TrafficPath(path="/b", method="POST")),
    )
    assert let_come(traffic, 10, seed)[1].seen == let_come(traffic, 10, seed)[1].seen


def test_cities_and_paths_come_in_their_shares() -> None:
    traffic = Traffic(
        requests_per_second=100,
        cities={"NRT": 3, "São Paulo": 1},
        paths=(TrafficPath(path="/", weight=1), TrafficPath(path="/api/me?x=1", method="POST", weight=4)),
    )
    _, log = let_come(traffic, 100)
    total = len(log.seen)
    cities = Counter(city_of(request) for _, request in log.seen)
    paths = Counter((request.method, request.target) for _, request in log.seen)
    assert cities[b"NRT"] / total == pytest.approx(0.75, abs=0.03)
    assert cities["São Paulo".encode()] / total == pytest.approx(0.25, abs=0.03)
    assert paths["POST", "/api/me?x=1"] / total == pytest.approx(0.8, abs=0.03)
    assert paths["GET", "/"] / total == pytest.approx(0.2, abs=0.03)


def test_without_cities_visitors_name_none() -> None:
    _, log = let_come(Traffic(requests_per_second=10), 5)
    assert {city_of(request) for _, request in log.seen} == {None}


def test_beyond_the_bound_visitors_are_turned_away_and_counted() -> None:
    visitors, log = let_come(Traffic(requests_per_second=100), 10, takes_s=60, most=7)
    assert (visitors.sent, len(log.seen)) == (7, 7)
    assert visitors.not_sent == pytest.approx(1000, abs=130)


def test_ending_the_visitors_ends_their_visits() -> None:
    visitors, log = let_come(Traffic(requests_per_second=10), 5, takes_s=60)
    assert log.canceled == visitors.sent > 0
    assert visitors.in_flight == 0
    assert visitors.failed == 0


def test_without_a_rate_nobody_comes() -> None:
    clock = VirtualClock()
    log = Log(clock)
    run_virtual(Visitors(Traffic(), log.send, clock, Random(1)).run(), clock)
    assert log.seen == []


def test_a_failing_request_is_counted_with_its_reason_and_stops_nothing() -> None:
    clock = VirtualClock()

    async def refuse(_request: Request) -> None:
        raise ConnectionRefusedError("nobody listens")

    visitors = Visitors(Traffic(requests_per_second=10), refuse, clock, Random(1))

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await visitors.run()

    run_virtual(main(), clock)
    assert visitors.failed == visitors.sent > 50
    assert visitors.last_failure == "ConnectionRefusedError: nobody listens"


async def ask(send: Send) -> None:
    """Make one request."""
    await send(Request("GET", "/"))


async def test_a_sender_reads_the_whole_answer_and_frees_it() -> None:
    noted: list[str] = []

    async def body() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"
        noted.append("read")

    async def close() -> None:
        noted.append("closed")

    async def handle(_request: Request) -> Response:
        return Response(200, [], body(), None, close)

    await ask(sender(handle))
    assert noted == ["read", "closed"]
