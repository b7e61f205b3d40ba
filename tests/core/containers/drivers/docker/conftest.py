"""What the tests against a real Engine share: a region of their own, which must be empty at the end."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.driver import DockerDriver
from core.containers.drivers.docker.endpoint import resolve_endpoint
from core.containers.drivers.docker.labels import label_filter
from core.containers.drivers.docker.regions import remove_all
from core.containers.drivers.protocol import InstancePlan
from core.http.client import PooledClient
from core.model.deployment import Container

REGION = "us-east"


def make_plan(image: str, folder: Path = Path(), *, instance: str = "app-1", **settings: Any) -> InstancePlan:
    """Make the plan of one instance of the class ``app``."""
    settings.setdefault("instance_type", "standard-1")
    container = Container(binding="APP", image=image, **settings)
    return InstancePlan(instance, container, REGION, folder)


async def left_of(api: EngineApi, deployment: str) -> list[str]:
    """Return the names of all containers and networks of the deployment."""
    filters = label_filter(deployment=deployment)
    things = await api.containers(filters) + await api.networks(filters)
    return [str(one.get("Name") or one["Names"]) for one in things]


async def bring_up(driver: DockerDriver, plan: InstancePlan) -> None:
    """Bring an instance up as far as its port answering."""
    await driver.prepare(plan, lambda _: None)
    await driver.create(plan)
    await driver.start(plan)
    await driver.wait_until_listening(plan)


@pytest.fixture
async def api(docker_engine: str, deployment: str) -> AsyncIterator[EngineApi]:
    """Give the Engine's calls; what a failed test leaves of its deployment is removed."""
    client = PooledClient()
    api = EngineApi(resolve_endpoint(docker_engine), client)
    await api.version()
    yield api
    await remove_all(api, deployment)
    await client.close()


@pytest.fixture
async def driver(api: EngineApi, deployment: str) -> AsyncIterator[DockerDriver]:
    """Give an open driver, and see to it that closing it leaves nothing."""
    driver = DockerDriver(deployment, REGION, endpoint=api.endpoint.url)
    await driver.open()
    yield driver
    await driver.close()
    assert await left_of(api, deployment) == []
