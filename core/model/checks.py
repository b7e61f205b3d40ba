"""Checks across the parts of a deployment: names used twice, things named but not there."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from core.model.deployment import Container, Deployment, DriverChoice
from core.model.images import dockerfile_of
from core.model.mistakes import KeyPath, Mistake, nearest
from core.model.offer import check_offer
from core.model.scaling_checks import check_scaling
from core.model.worker import JAVASCRIPT_SUFFIXES, PYTHON_SUFFIXES


def check_deployment(deployment: Deployment, driver: DriverChoice = "auto") -> Iterator[Mistake]:
    """Yield every mistake across the parts; ``driver`` other than auto runs every region."""
    yield from check_worker(deployment)
    yield from check_names(deployment)
    yield from check_regions(deployment)
    yield from check_offer(deployment)
    yield from check_scaling(deployment)
    for number, container in enumerate(deployment.containers):
        yield from check_container(deployment, ("containers", number), container, driver)


def check_worker(deployment: Deployment) -> Iterator[Mistake]:
    """Yield what is wrong with the Worker's file, and with what is to run it."""
    worker = deployment.worker
    path = deployment.folder / worker.main
    if path.suffix in (".cjs", ".cts"):
        yield Mistake(
            ("worker", "main"), f"{worker.main} is CommonJS; a Worker is a module: .js, .mjs, .ts or .mts"
        )
    elif path.suffix not in PYTHON_SUFFIXES + JAVASCRIPT_SUFFIXES:
        message = f"{worker.main} is no Worker: name a .js, .mjs, .ts, .mts or .py file"
        yield Mistake(("worker", "main"), message)
    elif not path.is_file():
        yield _absent(deployment, path)
    elif (worker.runtime_name == "python") != (path.suffix in PYTHON_SUFFIXES):
        right = "python" if path.suffix in PYTHON_SUFFIXES else "deno or workerd"
        yield Mistake(("worker", "runtime"), f"{worker.runtime} cannot run {worker.main}; {right} can")


def _absent(deployment: Deployment, path: Path) -> Mistake:
    main = deployment.worker.main
    suffixes = PYTHON_SUFFIXES + JAVASCRIPT_SUFFIXES
    there = sorted(one.name for one in path.parent.iterdir()) if path.parent.is_dir() else []
    workers = [one for one in there if one.endswith(suffixes)]
    found = f"; files of code there: {', '.join(workers[:5])}" if workers else ""
    return Mistake(
        ("worker", "main"),
        f"there is no file {main} in {deployment.folder}{found}",
        nearest(path.name, workers),
    )


def check_names(deployment: Deployment) -> Iterator[Mistake]:
    """Yield every name that is used twice."""
    containers = deployment.containers
    yield from _twice("containers", "binding", [one.binding for one in containers])
    yield from _twice("containers", "name", [one.name for one in containers])
    yield from _twice("regions", "id", [one.id for one in deployment.regions])
    bindings = {one.binding for one in containers}
    for name in deployment.bindings.vars:
        if name in bindings:
            yield Mistake(
                ("bindings", "vars", name), f"a container's binding is called {name} too; rename one"
            )


def _twice(table: str, key: str, names: list[str]) -> Iterator[Mistake]:
    counts = Counter(names)
    for number, name in enumerate(names):
        first = names.index(name)
        if counts[name] > 1 and number != first:
            yield Mistake((table, number, key), f'"{name}" is taken by {table}[{first}]; give another {key}')


def check_regions(deployment: Deployment) -> Iterator[Mistake]:
    """Yield regions with half a place."""
    for number, region in enumerate(deployment.regions):
        if (region.latitude is None) != (region.longitude is None):
            absent = "latitude" if region.latitude is None else "longitude"
            yield Mistake(
                ("regions", number, absent), "is missing: coordinates need both latitude and longitude"
            )


def check_container(
    deployment: Deployment, path: KeyPath, container: Container, driver: DriverChoice
) -> Iterator[Mistake]:
    """Yield what is wrong with one container class: its regions, its Dockerfile, its program."""
    known = [one.id for one in deployment.regions]
    for number, region in enumerate(container.regions):
        if region not in known:
            yield Mistake(
                (*path, "regions", number),
                f'there is no region "{region}"; the regions are {", ".join(known)}',
                nearest(region, known),
            )
    dockerfile = dockerfile_of(container.image, deployment.folder)
    if dockerfile is not None and not dockerfile.is_file():
        yield Mistake((*path, "image"), f"there is no file {dockerfile}")
    yield from _check_program(deployment, path, container, driver)


def _check_program(
    deployment: Deployment, path: KeyPath, container: Container, driver: DriverChoice
) -> Iterator[Mistake]:
    """Yield where a driver that was asked for by name finds nothing to run."""
    runs_in = [one for one in deployment.regions if not container.regions or one.id in container.regions]
    for region in runs_in:
        chosen = region.driver if driver == "auto" else driver
        absent = {"docker": "image", "process": "command"}.get(chosen, "")
        if absent and not getattr(container, absent):
            yield Mistake(
                (*path, absent), f"is missing: region {region.id} runs on the {chosen} driver, which needs it"
            )
            return
