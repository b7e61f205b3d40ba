"""Networks that stand in advance: tiny containers that wait for ever, whose network an instance joins."""

import itertools
from dataclasses import dataclass
from typing import Any

from core.containers.drivers.docker import labels
from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.connection import Json
from core.containers.drivers.docker.errors import EngineError
from core.containers.drivers.docker.labels import Owner
from core.containers.drivers.docker.names import NOT_FOUND, create_container
from core.containers.drivers.docker.pause_image import ensure_pause_image
from core.containers.drivers.docker.regions import remove_container
from core.containers.drivers.docker.spec import container_name, exposed_ports, published_ports, region_marks
from core.containers.drivers.protocol import InstancePlan


@dataclass(frozen=True, slots=True)
class Sandbox:
    """One of them: the container's id, and its network as the Engine describes it."""

    container: str
    network: Json


class Sandboxes:
    """The sandboxes of one region. One that its instance has left waits for the class's next instance."""

    def __init__(self, api: EngineApi, deployment: str, region: str, owner: Owner, architecture: str) -> None:
        self._api = api
        self._deployment = deployment
        self._region = region
        self._owner = owner
        self._architecture = architecture
        self._numbers = itertools.count(1)
        self._free: dict[str, list[str]] = {}
        self._kept: dict[str, int] = {}

    async def take(self, plan: InstancePlan, network: str, publish_on: str | None) -> Sandbox:
        """Return one for an instance of the plan's class, a new one where none waits. Raises EngineError."""
        free = self._free.get(plan.container.name, [])
        while free:
            container = free.pop()
            network_settings = await self._network_of(container)
            if network_settings is not None:
                return Sandbox(container, network_settings)
            await remove_container(self._api, container)
        return await self._make(plan, network, publish_on)

    async def _network_of(self, container: str) -> Json | None:
        """Return the network that a sandbox holds; None when it does not run any more."""
        try:
            described = await self._api.container(container)
        except EngineError as error:
            if error.status != NOT_FOUND:
                raise
            return None
        return described["NetworkSettings"] if described["State"]["Running"] else None

    async def keep(self, container: str, number: int) -> None:
        """Let up to ``number`` wait for a class's next instances; none before the first call."""
        self._kept[container] = number
        free = self._free.get(container, [])
        while len(free) > number:
            await remove_container(self._api, free.pop())

    async def give_back(self, container: str, sandbox: Sandbox) -> None:
        """Let it wait for the class's next instance, or remove it where enough wait."""
        free = self._free.setdefault(container, [])
        if len(free) < self._kept.get(container, 0):
            free.append(sandbox.container)
        else:
            await remove_container(self._api, sandbox.container)

    async def _make(self, plan: InstancePlan, network: str, publish_on: str | None) -> Sandbox:
        image = await ensure_pause_image(self._api, self._architecture)
        marks = {**region_marks(self._deployment, self._region, self._owner), labels.SANDBOX: "network"}
        name = container_name(self._deployment, f"{self._region}.sandbox-{next(self._numbers)}")
        body = sandbox_body(plan, image, network, marks, publish_on)
        container = await create_container(self._api, name, body, self._owner)
        try:
            await self._api.start_container(container)
            described = await self._api.container(container)
        except EngineError:
            await remove_container(self._api, container)
            raise
        return Sandbox(container, described["NetworkSettings"])


def sandbox_body(
    plan: InstancePlan, image: str, network: str, marks: dict[str, str], publish_on: str | None
) -> dict[str, Any]:
    """Return the body of ``POST /containers/create``: a network with the class's port, and no rights."""
    return {
        "Image": image,
        "User": "65534:65534",
        "Labels": marks,
        "ExposedPorts": exposed_ports(plan),
        "HostConfig": {
            "NetworkMode": network,
            **published_ports(plan, publish_on),
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "RestartPolicy": {"Name": "no"},
            "LogConfig": {"Type": "none"},
        },
    }
