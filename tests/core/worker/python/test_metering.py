"""CPU time goes to the request whose step it was, through awaits, tasks and errors."""

import asyncio
import time

import pytest

from core.worker.python.metering import metered, metering_task_factory
from core.worker.python.visit import CURRENT, CpuLimitExceeded, Visit


def burn(seconds: float) -> None:
    end_s = time.thread_time() + seconds
    while time.thread_time() < end_s:
        pass


def new_visit(limit_ms: float = float("inf")) -> Visit:
    return Visit("t", lambda *_: None, limit_ms)


async def test_time_waited_is_not_charged_and_time_computed_is() -> None:
    visit = new_visit()

    async def work() -> str:
        burn(0.02)
        await asyncio.sleep(0.02)
        burn(0.02)
        return "done"

    burn(0.02)
    assert await metered(work(), visit) == "done"
    burn(0.02)
    assert 0.04 <= visit.cpu_s < 0.06


async def test_tasks_are_charged_to_the_request_that_made_them() -> None:
    asyncio.get_running_loop().set_task_factory(metering_task_factory)
    first, second = new_visit(), new_visit()

    async def child(seconds: float) -> None:
        await asyncio.sleep(0)
        burn(seconds)

    async def request(visit: Visit, seconds: float) -> None:
        CURRENT.set(visit)
        await metered(asyncio.gather(child(seconds), asyncio.create_task(child(seconds))), visit)

    await asyncio.gather(request(first, 0.01), request(second, 0.03))
    assert 0.02 <= first.cpu_s < second.cpu_s
    assert second.cpu_s >= 0.06


async def test_errors_and_cancelling_pass_through() -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError("x")

    with pytest.raises(LookupError):
        await metered(fail(), new_visit())
    caught = asyncio.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            caught.set()

    task = asyncio.ensure_future(metered(wait(), new_visit()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert caught.is_set()


async def test_past_the_limit_every_further_step_ends_the_work() -> None:
    steps = 0

    async def stubborn() -> None:
        nonlocal steps
        while True:
            try:
                burn(0.01)
                steps += 1
                await asyncio.sleep(0)
            except Exception:
                raise AssertionError from None

    with pytest.raises(CpuLimitExceeded):
        await metered(stubborn(), new_visit(limit_ms=25))
    assert steps == 3
