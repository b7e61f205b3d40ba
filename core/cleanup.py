"""Remove what a killed engine left behind: processes, containers, networks, its note and its socket."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.containers.drivers.protocol import DriverUnavailable
from core.model.load import load_deployment
from core.model.mistakes import ConfigError
from core.runs import read_run, remove_run


@dataclass(frozen=True)
class Removed:
    """What was removed, and what could not be looked at."""

    processes: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """Engines that did not answer, each with what to do."""

    @property
    def lines(self) -> list[str]:
        """Return one line for each thing that was removed."""
        kinds = (("process", self.processes), ("container", self.containers), ("network", self.networks))
        return [f"removed {kind} {name}" for kind, names in kinds for name in names]


async def clean_up(deployment: str) -> Removed:
    """Remove everything that carries the deployment's name. Its engine must have ended before."""
    from core.containers.drivers.process import remove_everything as remove_processes

    processes = tuple(str(one) for one in await remove_processes(deployment))
    containers: list[str] = []
    networks: list[str] = []
    problems: list[str] = []
    for endpoint in endpoints_of(deployment):
        try:
            found = await _remove_containers(deployment, endpoint)
        except DriverUnavailable as error:
            if endpoint or _ran_on_docker(deployment):
                problems.append(f"{error.message} {error.advice}".strip())
            continue
        containers += found[0]
        networks += found[1]
    if not problems:
        remove_run(deployment)
    return Removed(processes, tuple(containers), tuple(networks), tuple(problems))


async def _remove_containers(deployment: str, endpoint: str) -> tuple[Iterable[str], Iterable[str]]:
    from core.containers.drivers.docker.diagnose import remove_everything

    removed = await remove_everything(deployment, endpoint)
    return removed.containers, removed.networks


def _ran_on_docker(deployment: str) -> bool:
    """Say whether the last engine used Docker; without a note, nothing is known to be left there."""
    record = read_run(deployment)
    return record is not None and "docker" in record.drivers


def endpoints_of(deployment: str) -> list[str]:
    """Return the Docker endpoints that the deployment may have used: the usual one, and those it declares."""
    record = read_run(deployment)
    if record is None:
        return [""]
    try:
        declared = load_deployment(Path(record.folder))
    except ConfigError:
        return [""]
    return ["", *sorted({region.endpoint for region in declared.regions} - {""})]


def clean_up_now(deployment: str) -> Removed:
    """Do what ``clean_up`` does, for callers outside an event loop."""
    return asyncio.run(clean_up(deployment))
