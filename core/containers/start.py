"""Bring one instance up: the phases of a cold start in order, each timed and shown as it begins."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from core.containers.cold_start import ColdStartRecord
from core.containers.delay import production_delay_s
from core.containers.drivers.protocol import Driver, InstancePlan, Progress
from core.containers.listening import until_listening
from core.containers.standby import Standby
from core.containers.start_queue import StartQueue
from core.events.types import InstanceState
from core.model.start_policies import StartPolicyName

Move = Callable[[InstanceState, str], None]


@dataclass(frozen=True, slots=True)
class StartMeans:
    """What an instance is started with."""

    queue: StartQueue
    standby: Standby
    """What was prepared in advance for its class and region."""
    delays: random.Random
    """Draws how long its starts shall last, where they shall last as long as the platform's."""


async def bring_up(
    plan: InstancePlan,
    driver: Driver,
    record: ColdStartRecord,
    means: StartMeans,
    move: Move,
    progress: Progress,
) -> None:
    """Return when the instance's port answers. Raises StartFailed or DriverUnavailable.

    The phase queue has begun already, with the request for the instance. The engine's queue is held from
    the image to the end of the start call: that is the engine's work. The boot is the program's own, and
    one that never listens must not hold up the others. Nothing is prepared meanwhile, which would slow
    the boot down; only a patient one, which may never listen, is not waited for with that.
    """
    with means.queue.starting():
        async with means.queue:
            record.policy = await _take(plan, record, means.standby, move) or await _make(
                plan, driver, record, means.standby, move, progress
            )
            record.begin("start")
            move("starting", "")
            await driver.start(plan)
        record.begin("boot")
        move("running", "the program runs; its port does not answer yet")
        if not plan.patient:
            await until_listening(plan, driver)
    if plan.patient:
        await until_listening(plan, driver)
    if plan.container.cold_start_delay == "production":
        await _delay(record, means.delays)


async def _take(
    plan: InstancePlan, record: ColdStartRecord, standby: Standby, move: Move
) -> StartPolicyName | None:
    """Let what is prepared be this instance; return by which policy it was, None where nothing is."""
    if not standby.has_one_for(plan):
        return None
    record.begin("create", "prepared in advance")
    move("creating", "from what was prepared in advance")
    return await standby.hand_over(plan)


async def _make(
    plan: InstancePlan,
    driver: Driver,
    record: ColdStartRecord,
    standby: Standby,
    move: Move,
    progress: Progress,
) -> StartPolicyName:
    """Create the instance here and now; return the policy that this follows."""
    # One that may never listen would have no limit for ever.
    boosted = standby.policy == "boosted" and not plan.patient
    policy: StartPolicyName = "boosted" if boosted else "plain"
    missing = "nothing was prepared in advance" if standby.prepares else ""
    record.begin("image", missing)
    await driver.prepare(plan, progress)
    record.begin("create", missing)
    move("creating", missing)
    await driver.create(replace(plan, policy=policy))
    return policy


async def _delay(record: ColdStartRecord, delays: random.Random) -> None:
    """Wait on purpose, until the start has lasted as long as one on the platform."""
    wait_s = production_delay_s(delays, record.elapsed_s())
    record.begin("delay", "as on the platform", kind="emulated")
    await asyncio.sleep(wait_s)
