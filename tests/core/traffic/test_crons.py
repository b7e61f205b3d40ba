"""Cron triggers on virtual time, which starts at midnight of the first of January 2026, a Thursday."""

import asyncio
from collections.abc import Iterable

from core.clock import VIRTUAL_EPOCH, VirtualClock, run_virtual
from core.traffic.crons import Crons

EPOCH_MS = int(VIRTUAL_EPOCH.timestamp() * 1000)


def runs_within(
    expressions: Iterable[str], seconds: float, lasting_s: float = 0.0
) -> list[tuple[str, int, str]]:
    """Let crons run for so long; return expression, seconds since the start, and how each run ended."""
    clock = VirtualClock()
    seen: list[tuple[str, int, str]] = []

    async def on_due(expression: str, time_ms: int) -> None:
        assert clock.wall_time().timestamp() * 1000 >= time_ms
        place = len(seen)
        seen.append((expression, (time_ms - EPOCH_MS) // 1000, "begun"))
        try:
            await asyncio.sleep(lasting_s)
        except asyncio.CancelledError:
            seen[place] = (*seen[place][:2], "cancelled")
            raise
        seen[place] = (*seen[place][:2], "done")

    async def main() -> None:
        crons = asyncio.create_task(Crons(expressions, on_due, clock).run())
        await asyncio.sleep(seconds)
        crons.cancel()
        await asyncio.gather(crons, return_exceptions=True)

    run_virtual(main(), clock)
    return seen


def test_each_trigger_comes_due_at_its_times() -> None:
    assert runs_within(["*/5 * * * *", "0 1 * * *"], 3700.0)[-3:] == [
        ("*/5 * * * *", 3300, "done"),
        ("*/5 * * * *", 3600, "done"),
        ("0 1 * * *", 3600, "done"),
    ]


def test_an_expression_given_twice_is_one_trigger() -> None:
    assert len(runs_within(["* * * * *", "* * * * *"], 61.0)) == 1


def test_a_long_run_does_not_hold_up_the_next_and_ends_with_the_triggers() -> None:
    assert runs_within(["* * * * *"], 130.0, lasting_s=65.0) == [
        ("* * * * *", 60, "done"),
        ("* * * * *", 120, "cancelled"),
    ]


def test_what_came_due_while_the_machine_slept_is_not_made_up_for() -> None:
    clock = VirtualClock()
    seen: list[int] = []

    async def on_due(_: str, time_ms: int) -> None:
        seen.append((time_ms - EPOCH_MS) // 1000)

    async def main() -> None:
        crons = asyncio.create_task(Crons(["* * * * *"], on_due, clock).run())
        await asyncio.sleep(30)
        clock.advance(3600)
        await asyncio.sleep(90)
        crons.cancel()
        await asyncio.gather(crons, return_exceptions=True)

    run_virtual(main(), clock)
    assert seen == [3600, 3660]


def test_without_expressions_nothing_is_called() -> None:
    assert runs_within([], 1000.0) == []
