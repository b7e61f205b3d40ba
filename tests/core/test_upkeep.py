"""What the Worker is called for beside requests, and what a person is told of it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from core.containers.signals import InstanceSignal
from core.http.messages import Request
from core.upkeep import Level, Upkeep
from core.worker.runtime import Answer, ContainerSignal, Scheduled, WorkerEvent, WorkerFailed
from tests.core.edge.world import World

ENOUGH_S = 20.0


class Recorded:
    """A runtime that notes what it is asked, and fails as it is told."""

    name = "recorded"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.events: list[WorkerEvent] = []
        self.failure = ""
        self.handles = True
        self.reloaded = asyncio.Event()

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.failure:
            raise WorkerFailed(self.failure)

    async def start(self) -> None:
        self._ask("start")

    async def reload(self) -> None:
        self.reloaded.set()
        self._ask("reload")

    async def stop(self) -> None:
        self._ask("stop")

    async def fetch(self, trace_id: str, request: Request) -> Answer:
        raise AssertionError("nobody asks for a page here")

    async def notify(self, trace_id: str, event: WorkerEvent) -> bool:
        self.events.append(event)
        self._ask("notify")
        return self.handles


class Told:
    """What a person was told: level, subject and text."""

    def __init__(self) -> None:
        self.all: list[tuple[Level, str, str]] = []
        self.heard = asyncio.Event()

    def __call__(self, level: Level, subject: str, message: str, advice: str = "") -> None:
        self.all.append((level, subject, f"{message} | {advice}" if advice else message))
        self.heard.set()


@pytest.fixture
def runtime() -> Recorded:
    return Recorded()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def upkeep(runtime: Recorded, told: Told) -> Upkeep:
    world = World()
    world.edge.runtime = runtime
    return Upkeep(world.edge, told)


async def test_a_worker_that_starts_is_not_worth_a_word(upkeep: Upkeep, told: Told) -> None:
    await upkeep.start_worker()
    assert told.all == []


async def test_broken_code_is_told_with_what_to_do_and_loaded_when_it_is_mended(
    upkeep: Upkeep, runtime: Recorded, told: Told
) -> None:
    runtime.failure = "worker.ts:3: no such module"
    await upkeep.start_worker()
    await upkeep.reload([Path("/p/worker.ts")])
    runtime.failure = ""
    await upkeep.reload([Path("/p/worker.ts")])
    assert told.all == [
        (
            "error",
            "Worker",
            "worker.ts:3: no such module | mend it and save; until then every request fails",
        ),
        ("error", "Worker", "worker.ts:3: no such module | mend it and save"),
        ("info", "Worker", "loaded anew: worker.ts changed"),
    ]


async def test_a_save_that_breaks_the_code_leaves_the_old_serving(
    upkeep: Upkeep, runtime: Recorded, told: Told
) -> None:
    await upkeep.start_worker()
    runtime.failure = "worker.ts:3: a brace is missing"
    await upkeep.reload([Path("worker.ts")])
    (notice,) = told.all
    assert notice[2].startswith("worker.ts:3: a brace is missing; the old code goes on serving")


async def test_many_files_are_counted(upkeep: Upkeep, told: Told) -> None:
    await upkeep.reload([Path(f"{number}.ts") for number in range(5)])
    assert told.all[0][2] == "loaded anew: 0.ts, 1.ts, 2.ts and 2 more changed"


async def test_a_file_that_is_saved_is_loaded(
    upkeep: Upkeep, runtime: Recorded, told: Told, tmp_path: Path
) -> None:
    main = tmp_path / "worker.ts"
    main.write_text("one")
    await upkeep.start_worker()
    watching = asyncio.create_task(upkeep.reload_on_save(main))
    try:
        async with asyncio.timeout(ENOUGH_S):
            while not told.all:
                # Written again until the watch has begun: nobody says when it has.
                main.write_text(main.read_text() + "x")
                await _soon(told.heard)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert told.all[0] == ("info", "Worker", "loaded anew: worker.ts changed")
    assert runtime.asked[:2] == ["start", "reload"]


async def _soon(event: asyncio.Event) -> None:
    """Wait for it a little, without failing when it does not come."""
    await asyncio.wait([asyncio.ensure_future(event.wait())], timeout=0.5)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda runtime: None, []),
        (
            lambda runtime: setattr(runtime, "failure", "worker.ts:3: boom"),
            [("error", "cron * * * * *", "worker.ts:3: boom | the Worker's log has more")],
        ),
        (
            lambda runtime: setattr(runtime, "handles", False),
            [
                (
                    "warning",
                    "cron * * * * *",
                    "a cron trigger came due, and the Worker has no scheduled() handler | "
                    "export one, or remove it from worker.crons",
                )
            ],
        ),
    ],
)
async def test_a_cron_trigger_calls_the_worker_and_what_goes_wrong_is_told(
    upkeep: Upkeep,
    runtime: Recorded,
    told: Told,
    change: Callable[[Recorded], None],
    expected: list[tuple[str, str, str]],
) -> None:
    change(runtime)
    await upkeep.on_cron("* * * * *", 60_000)
    assert runtime.events == [Scheduled("* * * * *", 60_000)]
    assert told.all == expected


SIGNAL = InstanceSignal("APP", "anna", "stopped", 137, "runtime_signal", "it was killed")


async def test_what_happens_to_an_instance_goes_to_its_class(upkeep: Upkeep, runtime: Recorded) -> None:
    await upkeep.start_worker()
    assert await upkeep.on_signal(SIGNAL)
    assert runtime.events == [
        ContainerSignal("APP", "anna", "stopped", 137, "runtime_signal", "it was killed")
    ]


async def test_a_worker_that_is_not_there_hears_of_no_instance(upkeep: Upkeep, runtime: Recorded) -> None:
    assert not await upkeep.on_signal(SIGNAL)
    await upkeep.start_worker()
    upkeep.end()
    assert not await upkeep.on_signal(SIGNAL)
    assert runtime.events == []
