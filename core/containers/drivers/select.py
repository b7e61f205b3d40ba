"""Choose what runs each region's containers, and say why."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.clock import Clock
from core.containers.drivers.protocol import Driver, OnUnavailable
from core.events.types import DriverName
from core.model.deployment import Container, Deployment, DriverChoice, Region

if TYPE_CHECKING:
    from core.containers.drivers.docker import Diagnosis

RegionLost = Callable[[str, str, str], Awaitable[None]]
"""Called with region, message and advice when a region's engine is lost."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The driver of one region, why it was chosen, and what to do for another one ('' for nothing)."""

    region: str
    driver: DriverName
    reason: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """The drivers by region, and the choices that they come from, in the deployment's order."""

    drivers: dict[str, Driver]
    choices: tuple[Choice, ...]


async def select_drivers(
    deployment: Deployment, override: DriverChoice, clock: Clock, seed: int, on_lost: RegionLost
) -> Selection:
    """Make a driver for each region, not opened yet.

    ``override`` is the option --driver: anything but auto goes for every region. The drivers are
    imported when one is chosen, and Docker is asked only where the choice depends on it.
    """
    diagnoses: dict[str, Diagnosis] = {}
    choices = []
    for region in deployment.regions:
        wanted = region.driver if override == "auto" else override
        classes = classes_in(deployment, region)
        if wanted == "auto" and any(one.image for one in classes) and region.endpoint not in diagnoses:
            diagnoses[region.endpoint] = await _diagnose(region.endpoint)
        diagnosis = diagnoses.get(region.endpoint)
        choices.append(choose(region.id, wanted, override, classes, diagnosis))
    drivers = _make(deployment, choices, clock, seed, on_lost)
    return Selection(drivers, tuple(choices))


def classes_in(deployment: Deployment, region: Region) -> list[Container]:
    """Return the container classes that may run in a region."""
    return [one for one in deployment.containers if not one.regions or region.id in one.regions]


def choose(
    region: str,
    wanted: DriverChoice,
    override: DriverChoice,
    classes: Sequence[Container],
    docker: "Diagnosis | None",
) -> Choice:
    """Choose for one region; ``docker`` is what was found of its Engine, None when it was not asked.

    auto takes Docker where the Engine answers and every class has an image; else child processes.
    Where a class has an image and no command it stays with Docker, and waits for the Engine to come.
    """
    if wanted != "auto":
        return Choice(region, wanted, "as --driver says" if override != "auto" else "as hybrid.toml says")
    without_image = [one.name for one in classes if not one.image]
    without_command = [one.name for one in classes if not one.command]
    if docker is None or (docker.reachable and without_image):
        missing = ", ".join(without_image)
        reason = f"no image is declared for {missing}" if missing else "no container class runs here"
        return Choice(region, "process", reason)
    if docker.reachable:
        return Choice(region, "docker", docker.message)
    if without_command and not without_image:
        reason = f"{docker.message} No command is declared for {', '.join(without_command)}."
        advice = f"{docker.advice} Or add a command to run it as a local process.".strip()
        return Choice(region, "docker", reason, advice)
    return Choice(region, "process", docker.message, docker.advice)


async def _diagnose(endpoint: str) -> "Diagnosis":
    from core.containers.drivers.docker import diagnose

    return await diagnose(endpoint)


def _make(
    deployment: Deployment, choices: Sequence[Choice], clock: Clock, seed: int, on_lost: RegionLost
) -> dict[str, Driver]:
    processes = [choice.region for choice in choices if choice.driver == "process"]
    drivers: dict[str, Driver] = {}
    if processes:
        from core.containers.drivers.process import make_drivers

        drivers |= make_drivers(deployment.name, processes)
    for region, choice in zip(deployment.regions, choices, strict=True):
        if choice.driver == "docker":
            drivers[region.id] = _docker(deployment.name, region, on_lost)
        elif choice.driver == "simulated":
            from core.containers.drivers.simulated import SimulatedDriver

            drivers[region.id] = SimulatedDriver(region.id, clock, seed)
    return {region.id: drivers[region.id] for region in deployment.regions}


def _docker(deployment: str, region: Region, on_lost: RegionLost) -> Driver:
    from core.containers.drivers.docker import DockerDriver

    report = _report(region.id, on_lost)
    return DockerDriver(deployment, region.id, endpoint=region.endpoint, on_unavailable=report)


def _report(region: str, on_lost: RegionLost) -> OnUnavailable:
    async def report(message: str, advice: str) -> None:
        await on_lost(region, message, advice)

    return report
