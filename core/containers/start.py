"""Bring one instance up: the phases of a cold start in order, each timed and shown as it begins."""

import asyncio
from collections.abc import Callable

from core.containers.cold_start import ColdStartRecord
from core.containers.drivers.protocol import Driver, InstancePlan, StartFailed
from core.events.types import InstanceState

PARALLEL_STARTS = 4
"""Starts that one engine is given at a time; more only slow each other down (measured on two cores)."""
_PROGRESS_EVERY_S = 0.25

Move = Callable[[InstanceState, str], None]


class PullProgress:
    """Show how a pull or build goes on, at most four times a second."""

    def __init__(self, move: Move, now_s: Callable[[], float]) -> None:
        self._move = move
        self._now_s = now_s
        self._shown_s: float | None = None

    def __call__(self, line: str) -> None:
        now_s = self._now_s()
        if self._shown_s is not None and now_s - self._shown_s < _PROGRESS_EVERY_S:
            return
        self._shown_s = now_s
        self._move("pulling", line)


async def bring_up(
    plan: InstancePlan,
    driver: Driver,
    record: ColdStartRecord,
    queue: asyncio.Semaphore,
    move: Move,
    progress: PullProgress,
) -> None:
    """Return when the instance's port answers. Raises StartFailed or DriverUnavailable.

    The phase queue has begun already, with the request for the instance. ``queue`` is held from the
    image to the end of the start call: that is the engine's work. The boot is the program's own, and
    one that never listens must not hold up the others.
    """
    async with queue:
        record.begin("image")
        await driver.prepare(plan, progress)
        record.begin("create")
        move("creating", "")
        await driver.create(plan)
        record.begin("start")
        move("starting", "")
        await driver.start(plan)
    record.begin("boot")
    move("running", "the program runs; its port does not answer yet")
    await _until_listening(plan, driver)


async def _until_listening(plan: InstancePlan, driver: Driver) -> None:
    container = plan.container
    try:
        async with asyncio.timeout(None if plan.patient else container.ready_timeout) as limit:
            await driver.wait_until_listening(plan)
    except TimeoutError:
        if not limit.expired():
            raise
        raise StartFailed(
            f"the program runs, but its port {container.port} did not answer within "
            f"{container.ready_timeout:g} s (ready_timeout)",
            "boot",
            not_listening=True,
            advice="let it listen on the port given in the variable PORT, on all addresses (0.0.0.0), "
            f"or raise ready_timeout of the container {container.name}",
        ) from None
