"""The driver against a real Docker Engine: the start policies."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from core.containers.drivers.docker import labels
from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.driver import DockerDriver
from core.containers.drivers.docker.spec import container_name
from core.containers.drivers.protocol import ContainerConnectionError, InstancePlan, StartFailed
from core.http.messages import Request
from core.model.start_policies import START_POLICIES, StartPolicyName
from tests.core.containers.drivers.docker.conftest import REGION, left_of, make_plan
from tests.docker_images.busybox import PAGE


async def prepared(
    driver: DockerDriver, image: str, policy: StartPolicyName, **settings: Any
) -> InstancePlan:
    """Prepare an instance by a policy, under a name of its own."""
    plan = replace(make_plan(image, instance="app.standby-1", **settings), policy=policy)
    await driver.prepare(plan, lambda _: None)
    await driver.create(plan)
    if policy == "paused":
        await driver.start(plan)
        await driver.wait_until_listening(plan)
        await driver.freeze(plan)
    return plan


async def start_from(driver: DockerDriver, standby: InstancePlan) -> InstancePlan:
    """Let what is prepared be app-1, and start it."""
    plan = make_plan(standby.container.image)
    await driver.hand_over(standby, plan)
    await driver.start(plan)
    await driver.wait_until_listening(plan)
    await driver._renaming.until_done()
    return plan


async def page(driver: DockerDriver, plan: InstancePlan) -> bytes:
    response = await driver.fetch(plan, Request("GET", "/", [(b"host", b"container")]))
    assert response.body is not None
    return b"".join([chunk async for chunk in response.body])


async def containers(api: EngineApi, driver: DockerDriver) -> list[Any]:
    return await api.containers(labels.label_filter(deployment=driver.deployment))


@pytest.mark.parametrize("policy", ["created", "shared", "paused"])
@pytest.mark.parametrize("by_address", [True, False])
async def test_what_is_prepared_becomes_the_instance_and_serves(
    driver: DockerDriver,
    api: EngineApi,
    busybox_image: str,
    policy: StartPolicyName,
    by_address: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(driver, "_by_address", by_address)
    standby = await prepared(driver, busybox_image, policy)
    plan = await start_from(driver, standby)
    assert await page(driver, plan) == PAGE
    described = await api.container(container_name(driver.deployment, "app-1"))
    assert described["State"]["Running"]
    assert not described["State"]["Paused"]
    with pytest.raises(ContainerConnectionError):
        await page(driver, standby)


async def test_an_instance_in_a_sandbox_has_its_network_and_its_own_limits(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    plan = await start_from(driver, await prepared(driver, busybox_image, "shared", instance_type="lite"))
    described = await api.container(container_name(driver.deployment, plan.instance))
    kind, _, sandbox = described["HostConfig"]["NetworkMode"].partition(":")
    assert kind == "container"
    assert described["HostConfig"]["NanoCpus"] == 62_500_000
    marks = (await api.container(sandbox))["Config"]["Labels"]
    assert marks[labels.SANDBOX] == "network"
    assert labels.INSTANCE not in marks
    assert marks[labels.REGION] == REGION
    owner = labels.Owner.of(marks)
    assert owner is not None
    assert owner.is_same(labels.Owner.this_process())


async def test_a_sandbox_is_used_again_by_the_classs_next_instance_and_none_is_heaped_up(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    await driver.keep_networks("app", 1)
    first = await start_from(driver, await prepared(driver, busybox_image, "shared"))
    [before] = [one["Id"] for one in await containers(api, driver) if labels.SANDBOX in one["Labels"]]
    await driver.remove(first)
    second = await start_from(driver, await prepared(driver, busybox_image, "shared"))
    [after] = [one["Id"] for one in await containers(api, driver) if labels.SANDBOX in one["Labels"]]
    assert after == before
    assert await page(driver, second) == PAGE
    third = replace(make_plan(busybox_image, instance="app.standby-3"), policy="shared")
    await driver.create(third)
    await driver.remove(second)
    await driver.remove(third)
    assert len(await containers(api, driver)) == 1
    await driver.keep_networks("app", 0)
    assert await containers(api, driver) == []


async def test_a_sandbox_that_somebody_removed_is_made_anew(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    await driver.keep_networks("app", 1)
    await driver.remove(await start_from(driver, await prepared(driver, busybox_image, "shared")))
    [sandbox] = await containers(api, driver)
    await api.remove_container(sandbox["Id"])
    plan = await start_from(driver, await prepared(driver, busybox_image, "shared"))
    assert await page(driver, plan) == PAGE


async def test_a_boosted_program_boots_without_a_cpu_limit_and_has_it_when_it_is_ready(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    plan = replace(make_plan(busybox_image, instance_type="lite"), policy="boosted")
    await driver.prepare(plan, lambda _: None)
    await driver.create(plan)
    name = container_name(driver.deployment, plan.instance)
    await driver.start(plan)
    assert (await api.container(name))["HostConfig"]["NanoCpus"] == 0
    await driver.wait_until_listening(plan)
    assert (await api.container(name))["HostConfig"]["NanoCpus"] == 62_500_000
    assert await page(driver, plan) == PAGE


async def test_a_frozen_program_is_there_in_memory_and_goes_on_where_it_was(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    standby = await prepared(driver, busybox_image, "paused")
    before = await api.container(container_name(driver.deployment, standby.instance))
    assert before["State"]["Paused"]
    [sample] = await driver.samples()
    assert sample.instance == standby.instance
    assert sample.memory_mib > 0
    await start_from(driver, standby)
    after = await api.container(container_name(driver.deployment, "app-1"))
    assert after["State"]["Pid"] == before["State"]["Pid"]


async def test_the_end_of_a_frozen_program_is_noticed(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    standby = await prepared(driver, busybox_image, "paused")
    await api.remove_container(container_name(driver.deployment, standby.instance))
    async with asyncio.timeout(5):
        await driver.wait_until_exit(standby)


@pytest.mark.parametrize("policy", ["created", "shared", "paused"])
async def test_what_somebody_removed_is_not_handed_over_and_leaves_nothing(
    driver: DockerDriver, api: EngineApi, busybox_image: str, policy: StartPolicyName
) -> None:
    standby = await prepared(driver, busybox_image, policy)
    await api.remove_container(container_name(driver.deployment, standby.instance))
    async with asyncio.timeout(5):
        while not driver._instances[standby.instance].is_gone:  # An event tells it a moment later.
            await asyncio.sleep(0.001)
    with pytest.raises(StartFailed):
        await driver.hand_over(standby, replace(standby, instance="app-1"))
    assert await containers(api, driver) == []


async def test_what_is_handed_over_takes_the_name_from_what_nobody_owns(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    standby = await prepared(driver, busybox_image, "created")
    name = container_name(driver.deployment, "app-1")
    body = {"Image": busybox_image, "Labels": {labels.DEPLOYMENT: driver.deployment}}
    old = await api.create_container(name, body)
    await start_from(driver, standby)
    assert (await api.container(name))["Id"] != old


@pytest.mark.parametrize(("policy", "call"), [("created", 1), ("boosted", 1), ("shared", 1), ("shared", 2)])
async def test_a_preparation_that_is_canceled_in_a_call_leaves_nothing(
    driver: DockerDriver, api: EngineApi, busybox_image: str, policy: StartPolicyName, call: int
) -> None:
    plan = replace(make_plan(busybox_image), policy=policy)
    await driver.prepare(plan, lambda _: None)
    calls = 0
    real = api.__class__.create_container
    task: asyncio.Task[None]

    async def cancel_then_create(self: EngineApi, name: str, body: Any) -> str:
        nonlocal calls
        calls += 1
        if calls == call:
            task.cancel()
        return await real(self, name, body)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EngineApi, "create_container", cancel_then_create)
        task = asyncio.ensure_future(driver.create(plan))
        with pytest.raises(asyncio.CancelledError):
            await task
    assert calls == (2 if policy == "shared" else 1)
    assert await containers(api, driver) == []


@pytest.fixture
async def killed(api: EngineApi, deployment: str, busybox_image: str) -> AsyncIterator[DockerDriver]:
    """Give a driver whose process is no more."""
    ended = labels.Owner(2**22 + 1, 1.0, labels.Owner.this_process().host)
    driver = DockerDriver(deployment, REGION, endpoint=api.endpoint.url, owner=ended)
    await driver.open()
    yield driver
    await driver.close()


@pytest.mark.parametrize("policy", ["created", "shared", "paused"])
async def test_what_a_killed_engine_had_prepared_is_removed_at_the_next_start(
    killed: DockerDriver, api: EngineApi, busybox_image: str, policy: StartPolicyName
) -> None:
    await prepared(killed, busybox_image, policy)
    assert len(await containers(api, killed)) == (2 if policy == "shared" else 1)
    following = DockerDriver(killed.deployment, REGION, endpoint=api.endpoint.url)
    await following.open()
    assert await containers(api, killed) == []
    await following.close()
    assert await left_of(api, killed.deployment) == []


async def test_an_engine_of_an_unknown_processor_knows_every_policy_but_the_shared_one(
    driver: DockerDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert driver.policies == frozenset(START_POLICIES)
    monkeypatch.setattr(driver, "_architecture", "riscv64")
    assert driver.policies == frozenset(START_POLICIES) - {"shared"}
