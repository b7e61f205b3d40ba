"""Work that several wait for."""

import asyncio

import pytest

from core.containers.drivers.docker.shared import SharedWork
from core.containers.drivers.protocol import Progress


def quiet(line: str) -> None:
    """Take a line and say nothing."""


class Pull:
    """A piece of work that goes on when the test lets it."""

    def __init__(self) -> None:
        self.times = 0
        self.go = asyncio.Event()
        self.begun = asyncio.Event()

    async def __call__(self, progress: Progress) -> int:
        self.times += 1
        self.begun.set()
        await self.go.wait()
        progress("done")
        return self.times


async def test_all_who_ask_at_once_share_the_result_and_the_progress() -> None:
    shared, pull, lines = SharedWork(), Pull(), list[str]()
    asking = [asyncio.ensure_future(shared.run("image", pull, lines.append)) for _ in range(3)]
    await pull.begun.wait()
    pull.go.set()
    assert await asyncio.gather(*asking) == [1, 1, 1]
    assert lines == ["done"] * 3
    assert await shared.run("image", pull, lines.append) == 2


async def test_it_goes_on_when_one_of_two_is_cancelled_and_ends_with_the_last() -> None:
    shared, pull = SharedWork(), Pull()
    first, second = (asyncio.ensure_future(shared.run("image", pull, quiet)) for _ in range(2))
    await pull.begun.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert not second.done()
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    pull.go.set()
    assert await shared.run("image", pull, quiet) == 2


async def test_a_failure_reaches_all_and_is_not_kept() -> None:
    shared, fail = SharedWork(), True

    async def work(progress: Progress) -> str:
        if fail:
            raise ValueError("no")
        return "good"

    results = await asyncio.gather(
        *(shared.run("image", work, quiet) for _ in range(2)), return_exceptions=True
    )
    assert [str(one) for one in results] == ["no", "no"]
    fail = False
    assert await shared.run("image", work, quiet) == "good"


async def test_other_work_is_not_waited_for() -> None:
    shared, slow, quick = SharedWork(), Pull(), Pull()
    waiting = asyncio.ensure_future(shared.run("slow", slow, quiet))
    quick.go.set()
    assert await shared.run("quick", quick, quiet) == 1
    assert not waiting.done()
    slow.go.set()
    await waiting
