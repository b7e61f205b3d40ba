"""The labelled network of one region, and what killed runs left behind."""

import asyncio
import random
import re
import socket
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from core.containers.drivers.docker import labels
from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.connection import Json
from core.containers.drivers.docker.endpoint import Endpoint
from core.containers.drivers.docker.errors import EngineError
from core.containers.drivers.docker.labels import Owner, label_filter, may_be_removed
from core.containers.drivers.docker.spec import (
    internal_network_name,
    network_body,
    network_name,
    region_marks,
)
from core.containers.drivers.docker.subnets import free_subnets, routes_of_this_machine
from core.containers.drivers.protocol import DriverUnavailable

SUBNET_TRIES = 32
"""How many ranges to offer the Engine, as others may take one between the look and the call."""
PARALLEL_REMOVALS = 8
ROUTES = Path("/proc/net/route")

Chosen = Callable[[Json], bool]


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed, by the names that docker ps and docker network ls show."""

    containers: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """Return each with its kind."""
        containers = [f"container {name}" for name in self.containers]
        return containers + [f"network {name}" for name in self.networks]


async def remove_left_behind(api: EngineApi, deployment: str, region: str, me: Owner) -> Removed:
    """Remove what ended processes left of the deployment, and what this one has in the region."""

    def is_left(thing: Json) -> bool:
        marks = thing.get("Labels") or {}
        if me.is_same(Owner.of(marks)) and marks.get(labels.REGION) != region:
            return False
        return may_be_removed(marks, me)

    return await _remove(api, deployment, is_left)


async def remove_all(api: EngineApi, deployment: str) -> Removed:
    """Remove every container and network of the deployment, whoever made it."""
    return await _remove(api, deployment, lambda _: True)


async def remove_region(api: EngineApi, deployment: str, region: str, me: Owner) -> Removed:
    """Remove every container and the network that this process made in the region."""

    def is_mine(thing: Json) -> bool:
        marks = thing.get("Labels") or {}
        return marks.get(labels.REGION) == region and me.is_same(Owner.of(marks))

    return await _remove(api, deployment, is_mine)


async def _remove(api: EngineApi, deployment: str, chosen: Chosen) -> Removed:
    filters = label_filter(deployment=deployment)
    containers = [one for one in await api.containers(filters) if chosen(one)]
    removed = await _remove_containers(api, containers)
    networks = [one for one in await api.networks(filters) if chosen(one)]
    gone = [str(one["Name"]) for one in networks if await remove_network(api, str(one["Id"]))]
    return Removed(tuple(sorted(removed)), tuple(sorted(gone)))


async def _remove_containers(api: EngineApi, containers: Iterable[Json]) -> list[str]:
    """Remove containers, several at a time; return the names of those that no other call has removed."""
    permits = asyncio.Semaphore(PARALLEL_REMOVALS)
    removed: list[str] = []

    async def remove(container: Json) -> None:
        async with permits:
            if await remove_container(api, str(container["Id"])):
                removed.extend(name.lstrip("/") for name in container["Names"][:1])

    async with asyncio.TaskGroup() as group:
        for container in containers:
            group.create_task(remove(container))
    return removed


async def remove_container(api: EngineApi, container: str) -> bool:
    """Remove a container; no error when it is gone, and waits when another call is removing it.

    Return whether this very call has removed it.
    """
    try:
        await api.remove_container(container)
    except EngineError as error:
        if error.status == 409:
            await _wait_until_removed(api, container)
        elif error.status != 404:
            raise
        return False
    return True


async def _wait_until_removed(api: EngineApi, container: str) -> None:
    try:
        await api.wait_container(container, "removed")
    except EngineError as error:
        if error.status != 404:
            raise


async def remove_network(api: EngineApi, network: str) -> bool:
    """Remove a network; no error when it is gone or another owner's container has joined it.

    Return whether this very call has removed it.
    """
    try:
        await api.remove_network(network)
    except EngineError as error:
        if error.status not in (403, 404):
            raise
        return False
    return True


async def make_network(
    api: EngineApi, deployment: str, region: str, me: Owner, *, internal: bool = False
) -> tuple[str, str]:
    """Make the region's network, or find the one of this process; return its name and its gateway.

    From an ``internal`` one nothing outside is reached. Raises DriverUnavailable when another process
    runs the deployment, or when no range is free.
    """
    name = internal_network_name(deployment, region) if internal else network_name(deployment, region)
    networks = await api.networks()
    for network in networks:
        if network["Name"] == name:
            return name, _own_gateway(network, deployment, me)
    taken = [subnet for network in networks for subnet in _subnets(network)]
    for subnet in islice(free_subnets(taken + _local_routes(), random.Random()), SUBNET_TRIES):
        body = network_body(name, subnet, region_marks(deployment, region, me), internal=internal)
        try:
            await api.create_network(body)
        except EngineError as error:
            if not re.search("overlap", error.message):
                raise DriverUnavailable(
                    f"The Docker Engine refused the network {name}: {error.message}.",
                    "Look at docker network ls and at the Engine's log.",
                ) from error
        else:
            return name, str(body["IPAM"]["Config"][0]["Gateway"])
    raise DriverUnavailable(
        f"No address range is free for the network {name}.", "Remove unused ones: docker network prune."
    )


def _own_gateway(network: Json, deployment: str, me: Owner) -> str:
    owner = Owner.of(network.get("Labels") or {})
    if owner is None or not me.is_same(owner):
        who = f"process {owner.pid} on {owner.host}" if owner else "somebody else"
        raise DriverUnavailable(
            f"The Docker network {network['Name']} is in use by {who}.",
            f"Stop that run first: hybrid-tui down {deployment}.",
        )
    return next((str(one.get("Gateway", "")) for one in _ranges(network)), "")


def _ranges(network: Json) -> list[Json]:
    return (network.get("IPAM") or {}).get("Config") or []


def _subnets(network: Json) -> list[str]:
    return [str(one.get("Subnet", "")) for one in _ranges(network)]


def _local_routes() -> list[str]:
    try:
        return routes_of_this_machine(ROUTES.read_text())
    except OSError:
        return []  # No such table outside Linux, where the Engine runs in a machine of its own.


def reaches_containers(endpoint: Endpoint, gateway: str) -> bool:
    """Say whether containers can be reached from here by their own addresses.

    They can when the network's gateway is an address of this very machine, which is to say that binding
    to it works: not so with Docker Desktop, rootless Docker, or an Engine elsewhere.
    """
    if sys.platform != "linux" or not endpoint.is_local or not gateway:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.bind((gateway, 0))
        except OSError:
            return False
    return True
