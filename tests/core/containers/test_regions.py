"""A region whose engine is lost and comes back, on virtual time."""

from collections.abc import Awaitable, Callable, Sequence

import pytest

from core.clock import VirtualClock, run_virtual
from core.containers.drivers.protocol import DriverUnavailable, InstancePlan, Sample
from core.containers.drivers.simulated import SimulatedDriver
from core.events.types import ColdStart, Notice, RegionChanged
from tests.core.containers.rig import Recording, Rig, deployment


class Breakable(SimulatedDriver):
    """The simulated driver on an engine that can be switched off."""

    broken: DriverUnavailable | None = None
    opened = 0

    def _check(self) -> None:
        if self.broken is not None:
            raise self.broken

    left_behind: Sequence[str] = ()

    async def open(self) -> Sequence[str]:
        self.opened += 1
        self._check()
        return self.left_behind

    async def create(self, plan: InstancePlan) -> None:
        await super().create(plan)
        self._check()

    async def samples(self) -> Sequence[Sample]:
        self._check()
        return await super().samples()

    async def close(self) -> None:
        self._check()
        await super().close()


GONE = DriverUnavailable("the engine does not answer", "start it")


def run(work: Callable[[Rig, Breakable], Awaitable[None]], *, broken: bool = False) -> Recording:
    """Run ``work`` with an open fleet on a breakable driver."""
    clock = VirtualClock()

    async def main() -> Recording:
        driver = Breakable("us-east", clock, 1)
        driver.broken = GONE if broken else None
        rig = Rig(deployment(), clock, {"us-east": driver})
        await rig.fleet.open()
        await work(rig, driver)
        await rig.fleet.close()
        return rig.seen

    return run_virtual(main(), clock)


def _region_states(seen: Recording) -> list[str]:
    return [event.state for event in seen.of(RegionChanged)]


def test_a_region_that_cannot_be_opened_answers_503_and_opens_by_itself_later() -> None:
    async def work(rig: Rig, driver: Breakable) -> None:
        assert await rig.get() == (503, b"There is no Container instance available at this time.")
        driver.broken = None
        await rig.seen.until(lambda: "ready" in _region_states(rig.seen))
        assert (await rig.get())[0] == 200

    seen = run(work, broken=True)
    assert _region_states(seen) == ["unavailable", "ready"]
    (notice,) = seen.of(Notice)
    assert (notice.subject, notice.message, notice.advice) == ("us-east", GONE.message, GONE.advice)


def test_the_tries_to_open_it_again_become_rarer_and_stay_a_second_apart() -> None:
    async def work(rig: Rig, driver: Breakable) -> None:
        await rig.seen.until(lambda: driver.opened >= 1)
        driver.opened = 0
        with pytest.raises(TimeoutError):
            await rig.seen.until(lambda: False, 60.0)
        assert 58 <= driver.opened <= 61
        driver.broken = None

    run(work, broken=True)


def test_an_engine_lost_while_instances_run_fails_them_and_the_next_request_after_it_is_back_is_served() -> (
    None
):
    async def work(rig: Rig, driver: Breakable) -> None:
        assert (await rig.get())[0] == 200
        driver.broken = GONE
        await rig.seen.until_state("app-1", "failed")
        assert rig.seen.last("app-1").reason == GONE.message
        assert (await rig.get())[0] == 503
        driver.broken = None
        await rig.seen.until(lambda: _region_states(rig.seen)[-1] == "ready")
        assert (await rig.get())[0] == 200

    seen = run(work)
    assert _region_states(seen) == ["ready", "unavailable", "ready"]
    assert [start.instance for start in seen.of(ColdStart)] == ["app-1", "app-1"]


def test_an_engine_lost_during_a_start_answers_503_to_those_who_wait() -> None:
    async def work(rig: Rig, driver: Breakable) -> None:
        driver.broken = GONE
        assert (await rig.get())[0] == 503
        driver.broken = None

    seen = run(work)
    (start,) = seen.of(ColdStart)
    assert (start.outcome, start.reason) == ("failed", GONE.message)


def test_a_loss_that_the_driver_reports_itself_counts() -> None:
    async def work(rig: Rig, driver: Breakable) -> None:
        await rig.get()
        await rig.fleet.region_lost("us-east", "the event stream broke", "look at it")
        await rig.seen.until_state("app-1", "failed")

    assert _region_states(run(work))[:2] == ["ready", "unavailable"]


def test_closing_without_the_engine_says_what_may_be_left() -> None:
    async def work(rig: Rig, driver: Breakable) -> None:
        driver.broken = GONE

    assert "may be left behind" in run(work).of(Notice)[-1].message


def test_what_an_earlier_run_left_behind_is_told_once_it_is_removed() -> None:
    async def work(rig: Rig, driver: Breakable) -> None:
        driver.broken = GONE
        await rig.fleet.region_lost("us-east", "the engine does not answer", "")
        driver.broken, driver.left_behind = None, ("container app-1", "network app")
        await rig.seen.until(lambda: _region_states(rig.seen)[-1] == "ready")

    (told,) = (one for one in run(work).of(Notice) if one.level == "info")
    assert told.subject == "us-east"
    assert told.message == "removed what was left behind here: container app-1, network app"
