"""Named instances on virtual time: one live for each name, where it is placed, and when it ends."""

import asyncio

import pytest

from core.containers import named
from core.containers.errors import MAX_INSTANCES
from core.containers.signals import InstanceSignal
from core.events.types import ColdStart, InstanceChanged, InstanceSample
from core.http.messages import Request
from tests.core.containers.rig import Rig, deployment, read, simulated

TWO = ("us-east", "eu-west")


def test_requests_that_come_at_once_for_a_cold_name_share_one_start() -> None:
    async def work(rig: Rig) -> list[tuple[int, str]]:
        return await asyncio.gather(*(rig.call("user-1") for _ in range(50)))

    answers, seen = simulated(deployment(), work)
    assert set(answers) == {(200, "/ from app-user-1 in us-east (emulated)\n")}
    (start,) = seen.of(ColdStart)
    assert (start.instance, start.waited) == ("app-user-1", 50)
    assert {event.object_name for event in seen.of(InstanceChanged)} == {"user-1"}


def test_each_name_has_an_instance_of_its_own_beside_the_pool() -> None:
    async def work(rig: Rig) -> list[str]:
        await asyncio.gather(rig.call("user-1"), rig.call("user-2"), rig.get())
        return sorted(one.name for one in rig.fleet.instances())

    names, seen = simulated(deployment(), work)
    assert names == ["app-1", "app-user-1", "app-user-2"]
    pooled = next(event for event in seen.of(InstanceChanged) if event.instance == "app-1")
    assert pooled.object_name == ""


def test_it_stays_where_the_first_request_placed_it_and_may_be_placed_anew_after_its_end() -> None:
    async def work(rig: Rig) -> list[str | None]:
        places = [rig.fleet.place("app", "user-1")]
        await rig.call("user-1", region="us-east")
        answer = (await rig.call("user-1", region="eu-west"))[1]
        assert "us-east" in answer
        places.append(rig.fleet.place("app", "user-1"))
        await rig.operate("user-1", "destroy")
        places.append(rig.fleet.place("app", "user-1"))
        await rig.call("user-1", region="eu-west")
        return [*places, rig.fleet.place("app", "user-1")]

    places, seen = simulated(deployment(regions=TWO), work)
    assert places == [None, "us-east", None, "eu-west"]
    assert [(one.instance, one.region) for one in seen.of(ColdStart)] == [
        ("app-user-1", "us-east"),
        ("app-user-1", "eu-west"),
    ]


def test_first_requests_from_two_regions_at_once_end_in_one_place() -> None:
    async def work(rig: Rig) -> set[tuple[int, str]]:
        return set(await asyncio.gather(*(rig.call("user-1", region=region) for region in TWO)))

    answers, seen = simulated(deployment(regions=TWO), work)
    assert len(answers) == len(seen.of(ColdStart)) == 1


def test_the_cold_wait_is_told_and_a_warm_request_has_none() -> None:
    async def work(rig: Rig) -> list[tuple[str, float]]:
        answers = [
            await rig.fleet.fetch("app", "us-east", Request("GET", "/"), instance="user-1") for _ in range(2)
        ]
        [await read(answer) for answer in answers]
        return [(answer.instance, answer.cold_wait_ms) for answer in answers]

    ((name, cold_ms), warm), seen = simulated(deployment(), work)
    assert (name, 0.0) == warm == ("app-user-1", 0.0)
    assert cold_ms == pytest.approx(seen.of(ColdStart)[0].total_ms, abs=0.01)


def test_a_name_over_max_instances_is_the_platforms_500_and_named_ones_count_against_the_pool() -> None:
    async def work(rig: Rig) -> tuple[tuple[int, str], tuple[int, bytes]]:
        await rig.call("a")
        await rig.call("b")
        return await rig.call("c"), await rig.get()

    (third, pooled), _ = simulated(deployment(max_instances=2), work)
    text = f"Failed to start container: {MAX_INSTANCES}"
    assert third == (500, text)
    assert pooled == (500, text.encode())


def test_an_ended_one_leaves_its_room_to_another() -> None:
    async def work(rig: Rig) -> int:
        await rig.call("a")
        await rig.operate("a", "destroy")
        return (await rig.call("b"))[0]

    status, _ = simulated(deployment(max_instances=1), work)
    assert status == 200


def test_a_request_to_one_that_is_stopping_waits_and_starts_it_again() -> None:
    async def work(rig: Rig) -> int:
        await rig.call("user-1")
        await rig.operate("user-1", "signal", signal=15)
        await rig.seen.until_state("app-user-1", "stopping")
        return (await rig.call("user-1"))[0]

    status, seen = simulated(deployment(), work)
    assert status == 200
    assert seen.states("app-user-1").count("ready") == 2


def test_nothing_listens_on_another_port_and_the_instance_stays() -> None:
    async def work(rig: Rig) -> tuple[tuple[int, str], tuple[int, str]]:
        return await rig.call("user-1", port=9090), await rig.call("user-1", port=8080)

    (other, own), seen = simulated(deployment(), work)
    assert other == (
        500,
        "Error proxying request to container: "
        "The container is not listening in the TCP address 10.0.0.1:9090",
    )
    assert own[0] == 200
    assert len(seen.of(ColdStart)) == 1


def test_an_idle_one_sleeps_and_the_worker_is_told_before_and_after() -> None:
    async def work(rig: Rig) -> list[InstanceSignal]:
        await rig.call("user-1")
        await rig.seen.until_state("app-user-1", "stopped")
        return list(await rig.until_signals(2))

    signals, seen = simulated(deployment(sleep_after="20s"), work)
    assert [(one.binding, one.instance, one.kind) for one in signals] == [
        ("APP", "user-1", "expired"),
        ("APP", "user-1", "stopped"),
    ]
    assert (signals[1].exit_code, signals[1].reason) == (0, "runtime_signal")
    assert seen.last("app-user-1").reason == "asleep: no request for 20 s"


def test_a_hook_that_takes_care_of_the_idle_one_keeps_it_running_for_its_time_again() -> None:
    async def work(rig: Rig) -> float:
        async def keep_twice(signal: InstanceSignal) -> bool:
            return signal.kind == "expired" and len(rig.signals) <= 2

        rig.hook = keep_twice
        await rig.call("user-1")
        idle_from_s = rig.clock.now_s()
        await rig.seen.until_state("app-user-1", "stopping")
        return rig.clock.now_s() - idle_from_s

    slept_after_s, _ = simulated(deployment(sleep_after="5s"), work)
    assert slept_after_s == pytest.approx(15.0, abs=0.001)


def test_a_hook_that_stops_the_idle_one_itself_goes_on_to_its_end() -> None:
    done = []

    async def work(rig: Rig) -> None:
        async def stop(signal: InstanceSignal) -> bool:
            if signal.kind == "expired":
                await rig.operate("user-1", "signal", signal=15)
                await asyncio.sleep(5)
                done.append(signal.kind)
            return True

        rig.hook = stop
        await rig.call("user-1")
        await rig.seen.until_state("app-user-1", "stopped")
        await asyncio.sleep(10)

    _, seen = simulated(deployment(sleep_after="20s"), work)
    assert done == ["expired"]
    assert seen.last("app-user-1").reason == "the Worker sent it SIGTERM"


def test_a_request_during_the_hook_holds_the_sleep_off() -> None:
    async def work(rig: Rig) -> str:
        async def slow(signal: InstanceSignal) -> bool:
            await asyncio.sleep(10)
            return False

        rig.hook = slow
        await rig.call("user-1")
        await asyncio.sleep(25)
        await rig.call("user-1")
        await asyncio.sleep(10)
        return await rig.status_of("user-1")

    status, _ = simulated(deployment(sleep_after="20s"), work)
    assert status == "healthy"


def test_actions_of_the_console_work_on_a_named_one() -> None:
    async def work(rig: Rig) -> list[str]:
        await rig.call("user-1")
        said = [rig.fleet.act("restart", "app-user-1")]
        await rig.seen.until_state("app-user-1", "ready", times=2)
        said.append(rig.fleet.act("kill", "app-user-1"))
        await rig.seen.until_state("app-user-1", "stopped", times=2)
        said.append(rig.fleet.act("start", "app-user-1"))
        await rig.seen.until_state("app-user-1", "ready", times=3)
        return said

    said, _ = simulated(deployment(), work)
    assert said == ["Restarting app-user-1.", "Killing app-user-1.", "Starting app-user-1 in us-east."]


def test_it_is_measured_as_those_of_the_pool_are() -> None:
    async def work(rig: Rig) -> None:
        await rig.call("user-1")
        await asyncio.sleep(5)

    _, seen = simulated(deployment(), work)
    assert {one.instance for one in seen.of(InstanceSample)} == {"app-user-1"}


def test_closing_stops_it_and_tells_the_worker_nothing() -> None:
    signals: list[InstanceSignal] = []

    async def work(rig: Rig) -> None:
        await rig.call("user-1")
        rig.signals = signals

    _, seen = simulated(deployment(), work)
    assert seen.last("app-user-1").state == "stopped"
    assert signals == []


def test_names_no_longer_used_are_forgotten_but_never_one_that_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named, "REMEMBERED", 5)

    async def work(rig: Rig) -> list[str]:
        await rig.call("keeper")
        for number in range(20):
            await rig.operate(f"user-{number}", "start", wait=True)
            await rig.operate(f"user-{number}", "destroy")
        return sorted(one.name for one in rig.fleet.instances())

    names, _ = simulated(deployment(), work)
    assert names == ["app-keeper", "app-user-16", "app-user-17", "app-user-18", "app-user-19"]


def test_an_unknown_class_or_region_is_answered_not_raised() -> None:
    async def work(rig: Rig) -> list[tuple[int, str]]:
        request = Request("GET", "/")
        strange = await rig.fleet.fetch("strange", "us-east", request, instance="user-1")
        return [await rig.call("user-1", region="mars"), (strange.response.status, strange.error)]

    answers, _ = simulated(deployment(), work)
    assert answers == [
        (500, "Failed to start container: there is no container class app in the region mars"),
        (500, "there is no container class strange in the region us-east"),
    ]
