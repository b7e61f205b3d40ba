"""A few starts at a time, and preparations only where none is under way."""

import asyncio

from core.clock import VirtualClock, run_virtual
from core.containers.start_queue import PARALLEL_STARTS, StartQueue


def test_so_many_starts_at_a_time_and_no_more() -> None:
    async def main() -> tuple[int, float]:
        queue, inside, most = StartQueue(), 0, 0

        async def start() -> None:
            nonlocal inside, most
            async with queue:
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(1.0)
                inside -= 1

        await asyncio.gather(*(start() for _ in range(3 * PARALLEL_STARTS)))
        return most, clock.now_s()

    clock = VirtualClock()
    assert run_virtual(main(), clock) == (PARALLEL_STARTS, 3.0)


def test_a_preparation_waits_for_all_starts_and_no_start_for_a_preparation() -> None:
    clock = VirtualClock()

    async def main() -> list[tuple[str, float]]:
        queue, seen = StartQueue(), list[tuple[str, float]]()

        async def start() -> None:
            with queue.starting():
                async with queue:
                    seen.append(("start", clock.now_s()))
                    await asyncio.sleep(0.5)
                await asyncio.sleep(0.5)

        async def prepare() -> None:
            async with queue.between_starts():
                seen.append(("prepare", clock.now_s()))
                await asyncio.sleep(10.0)

        starts = [asyncio.ensure_future(start()) for _ in range(PARALLEL_STARTS + 1)]
        await asyncio.sleep(0)
        preparing = [asyncio.ensure_future(prepare()) for _ in range(2)]
        await asyncio.gather(*starts)
        await asyncio.sleep(3.0)
        await start()
        await asyncio.gather(*preparing)
        return seen

    starts = [("start", 0.0)] * PARALLEL_STARTS + [("start", 0.5)]
    assert run_virtual(main(), clock) == [*starts, ("prepare", 1.5), ("start", 4.5), ("prepare", 11.5)]


def test_a_start_that_gives_up_waiting_lets_preparations_through() -> None:
    clock = VirtualClock()

    async def main() -> float:
        queue = StartQueue()

        async def start() -> None:
            with queue.starting():
                async with queue:
                    await asyncio.sleep(1.0)

        starts = [asyncio.ensure_future(start()) for _ in range(PARALLEL_STARTS + 1)]
        await asyncio.sleep(0.5)
        starts[-1].cancel()
        async with queue.between_starts():
            return clock.now_s()

    assert run_virtual(main(), clock) == 1.0
