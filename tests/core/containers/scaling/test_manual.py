"""A person's number is in force at once and until it is given back; what cannot be is refused."""

import asyncio

import pytest

from core.containers.actions import ActionRefused
from core.containers.errors import MAX_INSTANCES
from core.events.types import ScalingDecided
from tests.core.containers.rig import Rig, deployment, simulated
from tests.core.containers.scaling.crowd import Crowd, numbers


def test_a_persons_number_is_started_kept_and_taken_away() -> None:
    async def work(rig: Rig) -> tuple[list[str], list[int]]:
        said = [rig.fleet.scale("app", "us-east", 3)]
        await rig.seen.until_state("app-3", "ready")
        await asyncio.sleep(100.0)
        live = [_live(rig)]
        said.append(rig.fleet.scale("app", "us-east", 0))
        await asyncio.sleep(5.0)
        live.append(_live(rig))
        return said, live

    (said, live), seen = simulated(deployment(sleep_after="10s"), work)
    assert live == [3, 0]
    assert said == [
        "app in us-east: 3 instances wanted, 3 there.",
        "app in us-east: 0 instances wanted, 3 there.",
    ]
    assert [(one.policy, one.before, one.instances, one.reason) for one in seen.of(ScalingDecided)] == [
        ("manual", 0, 3, "a person asked for 3"),
        ("manual", 3, 0, "a person asked for 0"),
    ]


def test_scaled_to_none_a_request_still_wakes_one() -> None:
    async def work(rig: Rig) -> int:
        rig.fleet.scale("app", "us-east", 0)
        return (await rig.get())[0]

    status, seen = simulated(deployment(scaling={"instances": 5}), work)
    assert status == 200
    assert numbers(seen)[:2] == [0, 1]


def test_load_does_not_move_a_persons_number_and_the_policy_has_it_back_on_demand() -> None:
    scaling = {"policy": "concurrency", "target_concurrency": 1, "cool_down": "5s"}

    async def work(rig: Rig) -> tuple[int, str, int]:
        rig.fleet.scale("app", "us-east", 2)
        async with Crowd(rig).of(6):
            await asyncio.sleep(30.0)
            by_hand = _live(rig)
            said = rig.fleet.scale("app", "us-east", None)
            await asyncio.sleep(30.0)
            return by_hand, said, _live(rig)

    (by_hand, said, by_policy), seen = simulated(deployment(scaling=scaling), work)
    assert (by_hand, by_policy) == (2, 6)
    assert said == "app in us-east follows its policy again (concurrency): 6 instances wanted."
    given_back = seen.of(ScalingDecided)[1]
    assert (given_back.policy, given_back.reason) == ("concurrency", "a person gave it back to the policy")


@pytest.mark.parametrize(
    ("container", "region", "instances", "said"),
    [
        ("app", "us-east", -1, "must be 0 or more"),
        (
            "app",
            "us-east",
            9,
            f"{MAX_INSTANCES}. max_instances of app is 4; at most 3 can run in us-east now.",
        ),
        ("app", "us-east", 4, "max_instances is 4, and 1 of them live in other places"),
        ("shop", "us-east", 1, "no container class named shop. There are: app."),
        ("app", "mars", 1, "app does not run in a region mars. It runs in: us-east, eu-west."),
    ],
)
def test_what_cannot_be_is_refused_with_advice(
    container: str, region: str, instances: int, said: str
) -> None:
    async def work(rig: Rig) -> str:
        await rig.get(region="eu-west")
        with pytest.raises(ActionRefused) as refused:
            rig.fleet.scale(container, region, instances)
        return str(refused.value)

    text, _ = simulated(deployment(regions=("us-east", "eu-west"), max_instances=4), work)
    assert said in text


def test_more_than_the_regions_bound_is_refused() -> None:
    async def work(rig: Rig) -> str:
        with pytest.raises(ActionRefused) as refused:
            rig.fleet.scale("app", "us-east", 3)
        return str(refused.value)

    text, _ = simulated(deployment(scaling={"max_instances_per_region": 2}), work)
    assert text.startswith(MAX_INSTANCES)
    assert "max_instances_per_region is 2" in text


def test_during_the_end_of_the_deployment_it_says_why_nothing_starts() -> None:
    async def work(rig: Rig) -> str:
        closing = asyncio.ensure_future(rig.fleet.close())
        await asyncio.sleep(0)
        said = rig.fleet.scale("app", "us-east", 2)
        await closing
        return said

    said, _ = simulated(deployment(), work)
    assert said.endswith("none can be started now: the deployment is going down.")


def _live(rig: Rig) -> int:
    return sum(not one.is_down for one in rig.fleet.instances())
