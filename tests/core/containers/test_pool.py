"""One class in one region: what a request gets from it, and what stands in the way of one more instance."""

from typing import Any

from core.containers.drivers.protocol import StartFailed
from core.containers.pool import Lease, Pool
from core.containers.service import ContainerAnswer
from tests.core.containers.rig import Rig, deployment, simulated


def _pool(rig: Rig) -> Pool:
    return next(iter(rig.fleet._pools.values()))


def _asked(declared: Any, work: Any) -> Any:
    return simulated(declared, work)[0]


def test_a_request_waits_for_the_start_that_it_caused_and_a_second_joins_it() -> None:
    async def work(rig: Rig) -> list[tuple[str, bool]]:
        pool = _pool(rig)
        first = await pool.acquire()
        second = await pool.acquire()
        assert isinstance(first, Lease)
        assert isinstance(second, Lease)
        assert first.record is not None
        first.record.leave()
        return [(one.instance.name, one.waited) for one in (first, second)]

    assert _asked(deployment(), work) == [("app-1", True), ("app-1", False)]


def test_after_failed_starts_the_next_one_waits_and_says_why() -> None:
    async def work(rig: Rig) -> tuple[str | None, str | None]:
        pool = _pool(rig)
        pool.start_failed(StartFailed("no database here", "boot"))
        pool.start_failed(StartFailed("no database here", "boot"))
        held_back = pool.why_not()
        pool.start_succeeded()
        return held_back, pool.why_not()

    held_back, after = _asked(deployment(), work)
    assert held_back is not None
    assert "no database here" in held_back
    assert after is None


def test_a_regions_own_bound_is_named_when_it_is_reached() -> None:
    async def work(rig: Rig) -> str | None:
        pool = _pool(rig)
        await rig.get()
        return pool.why_not()

    why = _asked(deployment(scaling={"max_instances_per_region": 1}), work)
    assert why == "all 1 instances that may run in us-east (max_instances_per_region) are in use"


def test_what_lives_elsewhere_is_not_left_for_this_region() -> None:
    async def work(rig: Rig) -> tuple[int, int]:
        here = _pool(rig)
        before = here.most()
        await rig.get(region="eu-west")
        return before, here.most()

    assert _asked(deployment(regions=("us-east", "eu-west"), max_instances=3), work) == (3, 2)


def test_a_class_without_room_anywhere_is_refused_with_the_platforms_answer() -> None:
    async def work(rig: Rig) -> int:
        await rig.get(region="eu-west")
        refused = await _pool(rig).acquire()
        assert isinstance(refused, ContainerAnswer)
        return refused.response.status

    assert _asked(deployment(regions=("us-east", "eu-west"), max_instances=1), work) == 500
