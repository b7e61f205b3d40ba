"""The loss of the Engine, and its return: an Engine of the test's own is killed."""

import asyncio

import pytest

from core.containers.drivers.docker.driver import DockerDriver
from core.containers.drivers.protocol import DriverUnavailable
from core.http.messages import Request
from tests.core.containers.drivers.docker.conftest import REGION, bring_up, left_of, make_plan
from tests.docker_images.busybox import ensure_busybox_image
from tests.docker_images.own_engine import OwnEngine


async def test_a_driver_may_be_opened_again_from_where_the_loss_is_told(
    own_engine: OwnEngine, deployment: str
) -> None:
    again: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def tell(message: str, advice: str) -> None:
        await own_engine.start()
        await driver.open()
        again.set_result(None)

    driver = DockerDriver(deployment, REGION, endpoint=own_engine.endpoint, on_unavailable=tell)
    await driver.open()
    await own_engine.kill()
    await asyncio.wait_for(again, 30)
    await driver.engine.ping()
    await driver.close()


async def test_a_killed_engine_is_told_once_and_used_again_when_it_is_back(
    own_engine: OwnEngine, deployment: str
) -> None:
    image = await asyncio.to_thread(ensure_busybox_image, own_engine.endpoint)
    told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def tell(message: str, advice: str) -> None:
        told.put_nowait((message, advice))

    driver = DockerDriver(deployment, REGION, endpoint=own_engine.endpoint, on_unavailable=tell)
    await driver.open()
    plan = make_plan(image)
    await bring_up(driver, plan)
    ending = asyncio.ensure_future(driver.wait_until_exit(plan))

    await own_engine.kill()
    message, advice = await asyncio.wait_for(told.get(), 20)
    assert own_engine.endpoint in message
    assert advice
    with pytest.raises(DriverUnavailable):
        await ending
    with pytest.raises(DriverUnavailable):
        await driver.open()
    with pytest.raises(DriverUnavailable):
        await driver.create(plan)

    await own_engine.start()
    await driver.open()
    assert await left_of(driver.engine, deployment) == [f"hybrid-tui.{deployment}.{REGION}"]
    await bring_up(driver, plan)
    response = await driver.fetch(plan, Request("GET", "/", [(b"host", b"container")]))
    assert response.status == 200
    assert response.close is not None
    await response.close()
    api = driver.engine
    assert told.empty()
    await driver.close()
    with pytest.raises(DriverUnavailable):
        await driver.prepare(plan, lambda _: None)
    assert api.endpoint.url == own_engine.endpoint
