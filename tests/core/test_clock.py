"""Real time never runs back; virtual time jumps, in order, and keeps step with real time when paced."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import (
    MAX_LAG_S,
    VIRTUAL_EPOCH,
    Deadlock,
    RealClock,
    VirtualClock,
    VirtualTimeLoop,
    run_virtual,
)

HOUR_S = 3600.0


def test_real_time_starts_at_nothing_and_never_runs_back() -> None:
    clock = RealClock()
    times_s = [clock.now_s() for _ in range(1000)]
    assert times_s[0] >= 0
    assert times_s == sorted(times_s)
    assert times_s[-1] < HOUR_S
    assert clock.wall_time().tzinfo is UTC


def test_a_virtual_clock_stands_still_until_it_is_moved() -> None:
    clock = VirtualClock()
    assert (clock.now_s(), clock.wall_time()) == (0.0, VIRTUAL_EPOCH)
    clock.advance(90.5)
    assert (clock.now_s(), clock.wall_time()) == (90.5, VIRTUAL_EPOCH + timedelta(seconds=90.5))


@given(st.lists(st.floats(0.001, HOUR_S), min_size=1, max_size=20))
def test_sleepers_wake_in_the_order_and_at_the_time_of_their_sleeps(sleeps_s: list[float]) -> None:
    clock = VirtualClock()
    woken: list[tuple[float, float]] = []

    async def sleeper(seconds: float) -> None:
        await asyncio.sleep(seconds)
        woken.append((seconds, clock.now_s()))

    async def main() -> None:
        await asyncio.gather(*(sleeper(one) for one in sleeps_s))

    run_virtual(main(), clock)
    assert [slept_s for slept_s, _ in woken] == sorted(sleeps_s)
    for slept_s, at_s in woken:
        assert at_s == pytest.approx(slept_s, abs=1e-6)


def order_of_waking() -> list[int]:
    """Let fifty tasks sleep for three lengths of time, many the same, and note who wakes after whom."""
    woken: list[int] = []

    async def sleeper(number: int) -> None:
        for round_number in range(3):
            await asyncio.sleep(1.0 + (number * round_number) % 3)
            woken.append(number)

    async def main() -> None:
        await asyncio.gather(*(sleeper(number) for number in range(50)))

    run_virtual(main(), VirtualClock())
    return woken


def test_every_run_wakes_its_sleepers_in_the_same_order() -> None:
    assert order_of_waking() == order_of_waking()


def test_a_run_gives_back_its_result_and_its_time() -> None:
    clock = VirtualClock(start_s=5.0)

    async def main() -> str:
        await asyncio.sleep(24 * HOUR_S)
        return "done"

    assert run_virtual(main(), clock) == "done"
    assert clock.now_s() == pytest.approx(5.0 + 24 * HOUR_S)


def test_a_timeout_ends_what_waits_too_long() -> None:
    clock = VirtualClock()

    async def main() -> None:
        async with asyncio.timeout(30):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        run_virtual(main(), clock)
    assert clock.now_s() == pytest.approx(30)


def test_waiting_for_what_nobody_will_bring_is_a_deadlock() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock, match="every task waits"):
        run_virtual(main(), VirtualClock())


def test_what_came_over_a_socket_is_taken_before_time_moves_on() -> None:
    clock = VirtualClock()

    async def main() -> float:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readline())
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server, asyncio.timeout(HOUR_S):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hello\n")
            assert await reader.readline() == b"hello\n"
            writer.close()
        return clock.now_s()

    assert paced(main, clock, pace=1000.0) < HOUR_S


def paced(main: Callable[[], Awaitable[float]], clock: VirtualClock, pace: float) -> float:
    async def run() -> float:
        return await main()

    return run_virtual(run(), clock, pace)


def test_a_paced_run_takes_as_long_as_its_speed_says() -> None:
    """A hundred short waits: each is late by itself, and all together must not be."""
    clock = VirtualClock()
    started_s = time.perf_counter()

    async def main() -> float:
        for _ in range(100):
            await asyncio.sleep(0.2)
        return clock.now_s()

    assert paced(main, clock, pace=100.0) == pytest.approx(20.0, abs=1e-6)
    assert time.perf_counter() - started_s >= 0.199


def test_a_paced_run_knows_how_long_a_wait_for_something_outside_took() -> None:
    clock = VirtualClock()

    async def main() -> float:
        await asyncio.to_thread(time.sleep, 0.05)
        return clock.now_s()

    assert paced(main, clock, pace=10.0) >= 0.5


class HandDrivenTime:
    """Real time as a test drives it: a wait takes as long as it says and then ``late_s`` longer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, late_s: float) -> None:
        self.now_s = 1000.0
        self.waits_s: list[float] = []
        self._late_s = late_s
        monkeypatch.setattr("core.clock.time.monotonic", lambda: self.now_s)
        monkeypatch.setattr("selectors.DefaultSelector.select", self.select)

    def select(self, timeout: float | None = None) -> list[object]:
        if timeout:
            self.waits_s.append(timeout)
            self.now_s += timeout + self._late_s
        return []


def looped(work: Awaitable[None], pace: float) -> VirtualClock:
    clock = VirtualClock()
    loop = VirtualTimeLoop(clock, pace)
    try:
        loop.run_until_complete(work)
    finally:
        loop.close()
    return clock


async def sleeps(count: int, seconds: float) -> None:
    for _ in range(count):
        await asyncio.sleep(seconds)


def test_a_late_wait_is_made_good_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    real = HandDrivenTime(monkeypatch, late_s=0.02)
    clock = looped(sleeps(50, 0.1), pace=1.0)
    assert clock.now_s() == pytest.approx(5.0)
    assert real.now_s == pytest.approx(1005.0, abs=0.021)
    assert real.waits_s[1:] == pytest.approx([0.08] * 49)


def test_a_long_lag_is_not_caught_up_with(monkeypatch: pytest.MonkeyPatch) -> None:
    real = HandDrivenTime(monkeypatch, late_s=HOUR_S)
    clock = looped(sleeps(3, 2 * MAX_LAG_S), pace=1.0)
    assert clock.now_s() == pytest.approx(6 * MAX_LAG_S)
    assert real.waits_s == pytest.approx([2 * MAX_LAG_S] * 3)
