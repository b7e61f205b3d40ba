"""The region's network, and what earlier runs left behind."""

import random
from ipaddress import IPv4Network

import psutil
import pytest

from core.containers.drivers.docker import labels, regions
from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.driver import DockerDriver
from core.containers.drivers.docker.endpoint import Endpoint
from core.containers.drivers.docker.subnets import free_subnets
from core.containers.drivers.protocol import DriverUnavailable
from tests.core.containers.drivers.docker.conftest import REGION, bring_up, left_of, make_plan


async def test_what_a_dead_owner_left_is_removed_and_what_a_living_one_has_is_not(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    plan = make_plan(busybox_image)
    await bring_up(driver, plan)
    dead = labels.Owner(2**22 - 3, 1.0, labels.Owner.this_process().host)
    alive = DockerDriver(driver.deployment, "eu-west", endpoint=api.endpoint.url)
    killed = DockerDriver(driver.deployment, "ap-south", endpoint=api.endpoint.url, owner=dead)
    await killed.open()
    await bring_up(killed, make_plan(busybox_image, instance="app-2"))
    await killed._let_go()
    await killed._client.close()
    await alive.open()
    left = await left_of(api, driver.deployment)
    assert sorted(left) == sorted(
        [
            f"['/hybrid-tui.{driver.deployment}.app-1']",
            f"hybrid-tui.{driver.deployment}.us-east",
            f"hybrid-tui.{driver.deployment}.eu-west",
        ]
    )
    await alive.close()


async def test_a_deployment_that_another_process_runs_is_not_opened(
    api: EngineApi, deployment: str, busybox_image: str
) -> None:
    parent = labels.Owner.this_process()
    other = labels.Owner(1, psutil.Process(1).create_time(), parent.host)
    first = DockerDriver(deployment, REGION, endpoint=api.endpoint.url, owner=other)
    second = DockerDriver(deployment, REGION, endpoint=api.endpoint.url)
    await first.open()
    try:
        with pytest.raises(DriverUnavailable, match="in use by process 1 ") as error:
            await second.open()
        assert "hybrid-tui down" in error.value.advice
    finally:
        await second.close()
        await first.close()
    assert await left_of(api, deployment) == []


async def test_open_again_forgets_and_removes_the_drivers_earlier_life(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    plan = make_plan(busybox_image)
    await bring_up(driver, plan)
    await driver.open()
    assert await api.containers(labels.label_filter(deployment=driver.deployment)) == []
    await bring_up(driver, plan)


async def test_a_name_left_by_a_half_removed_run_is_taken_over(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    plan = make_plan(busybox_image)
    await driver.prepare(plan, lambda _: None)
    await driver.create(plan)
    driver._instances.clear()
    await bring_up(driver, plan)


async def test_an_address_range_that_another_has_just_taken_is_passed_over(
    api: EngineApi, deployment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = labels.Owner.this_process()
    first, gateway = await regions.make_network(api, deployment, "first", me)
    taken = gateway.rpartition(".")[0] + ".0/24"
    free = next(iter(free_subnets([taken], random.Random(1))))
    offered = iter([IPv4Network(taken), free])
    monkeypatch.setattr(regions, "free_subnets", lambda taken, choose: offered)
    second, second_gateway = await regions.make_network(api, deployment, "second", me)
    assert second_gateway == str(free.network_address + 1)
    removed = await regions.remove_all(api, deployment)
    assert removed.networks == (first, second)


async def test_a_network_of_this_process_is_used_again(api: EngineApi, deployment: str) -> None:
    me = labels.Owner.this_process()
    made = await regions.make_network(api, deployment, REGION, me)
    assert await regions.make_network(api, deployment, REGION, me) == made
    await regions.remove_region(api, deployment, REGION, me)
    assert await left_of(api, deployment) == []


@pytest.mark.parametrize(
    ("url", "gateway", "reached"),
    [
        ("unix:///var/run/docker.sock", "127.0.0.1", True),
        ("unix:///var/run/docker.sock", "192.0.2.1", False),
        ("unix:///var/run/docker.sock", "", False),
        ("tcp://192.0.2.1:2375", "127.0.0.1", False),
    ],
)
def test_addresses_of_containers_are_reached_where_their_gateway_is_this_machine(
    url: str, gateway: str, reached: bool
) -> None:
    assert regions.reaches_containers(Endpoint(url, "a test"), gateway) == reached
