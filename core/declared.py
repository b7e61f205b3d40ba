"""What was declared, in the shape that the first event tells it."""

from collections.abc import Mapping

from core.containers.drivers.protocol import Driver
from core.events.types import ContainerInfo, RegionInfo
from core.geo.check import places
from core.model.deployment import Container, Deployment


def region_infos(deployment: Deployment, drivers: Mapping[str, Driver]) -> tuple[RegionInfo, ...]:
    """Return the regions with their places and the drivers that were chosen. Raises UnknownPlace."""
    return tuple(
        RegionInfo(one.id, one.city, one.latitude, one.longitude, drivers[one.id].name)
        for one in places(deployment)
    )


def container_infos(deployment: Deployment) -> tuple[ContainerInfo, ...]:
    """Return the container classes with the limits of their instance types."""
    every_region = tuple(one.id for one in deployment.regions)
    return tuple(_info(one, every_region) for one in deployment.containers)


def _info(container: Container, every_region: tuple[str, ...]) -> ContainerInfo:
    limits = container.limits
    return ContainerInfo(
        name=container.name,
        binding=container.binding,
        instance_type=limits.name,
        vcpu=limits.vcpu,
        memory_mib=limits.memory_mib,
        disk_mb=limits.disk_mb,
        max_instances=container.max_instances,
        sleep_after_s=container.sleep_after,
        regions=container.regions or every_region,
        start_policy=container.start_policy,
    )
