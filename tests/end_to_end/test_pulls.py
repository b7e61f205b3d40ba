"""Pulls from a real registry: their layers as events, and each way in which a pull goes wrong."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from core.clock import RealClock
from core.containers.drivers.docker.driver import DockerDriver
from core.events.types import ColdStart, InstanceChanged, Notice, PullProgressed
from tests.core.containers.rig import Rig, deployment
from tests.docker_images.busybox import PAGE
from tests.docker_images.engine import engine
from tests.docker_images.layers import ensure_layered_image
from tests.docker_images.own_engine import OwnEngine
from tests.docker_images.registry import Registry
from tests.end_to_end.test_docker import left_on

LAYERS, LAYER_BYTES = 3, 3_000_000


@asynccontextmanager
async def serving(endpoint: str, name: str, image: str) -> AsyncIterator[Rig]:
    """Run a fleet of one class of this image on an Engine; nothing may be left of it."""
    declared = deployment(image=image, instance_type="standard-1", restart="on-failure")
    rig = Rig(declared, RealClock(), {"us-east": DockerDriver(name, "us-east", endpoint=endpoint)})
    await rig.fleet.open()
    try:
        yield rig
    finally:
        await rig.fleet.close()
    assert left_on(endpoint, name) == []


async def test_a_cold_pull_tells_the_progress_of_each_layer_and_its_end(
    own_engine: OwnEngine, image_registry: Registry, docker_engine: str, busybox_image: str, deployment: str
) -> None:
    image = ensure_layered_image(docker_engine, busybox_image, LAYERS, LAYER_BYTES)
    reference = image_registry.push(docker_engine, image, "layered:1")
    async with serving(own_engine.endpoint, deployment, reference) as rig:
        assert await rig.get() == (200, PAGE)
    told = rig.seen.of(PullProgressed)
    assert {(one.instance, one.container, one.image) for one in told} == {("app-1", "app", reference)}
    last = told[-1].layers
    assert [one.state for one in last] == ["done"] * (LAYERS + 1)
    assert sum(one.total_bytes >= LAYER_BYTES for one in last) == LAYERS
    assert all(one.current_bytes == one.total_bytes for one in last)
    assert all(after.time_s - before.time_s >= 0.25 for before, after in pairwise(told[:-1]))
    assert rig.seen.states("app-1")[:3] == ["placed", "pulling", "creating"]
    (start,) = rig.seen.of(ColdStart)
    assert next(phase for phase in start.phases if phase.name == "image").duration_ms > 0


async def test_a_dockerfiles_base_is_pulled_with_its_layers_too(
    own_engine: OwnEngine, image_registry: Registry, docker_engine: str, busybox_image: str,
    deployment: str, tmp_path: Path,
) -> None:  # fmt: skip
    reference = image_registry.push(docker_engine, busybox_image, "base:1")
    (tmp_path / "Dockerfile").write_text(f"FROM {reference}\n")
    async with serving(own_engine.endpoint, deployment, str(tmp_path / "Dockerfile")) as rig:
        assert await rig.get() == (200, PAGE)
    last = rig.seen.of(PullProgressed)[-1]
    assert (last.image, [one.state for one in last.layers]) == (reference, ["done"])


async def failed_start(rig: Rig) -> tuple[str, str]:
    """Make a request whose start must fail for its image; return the notice's message and its advice."""
    status, body = await rig.get()
    (told,) = (one for one in rig.seen.of(Notice) if one.level == "error")
    assert (status, body.decode()) == (500, f"Failed to start container: {told.message}")
    (start,) = rig.seen.of(ColdStart)
    assert (start.outcome, start.phases[-1].name, start.reason) == ("failed", "image", told.message)
    failed = rig.seen.of(InstanceChanged)[-1]
    assert (failed.state, failed.exit_code, failed.lost_disk_bytes) == ("failed", None, None)
    assert failed.reason.startswith(told.message)
    return told.message, told.advice


@pytest.mark.parametrize(
    ("image", "message", "advice"),
    [
        ("{open}/nobody:1", "the image {image} does not exist in its registry", "the name and the tag"),
        ("{open}/there:2", "the image {image} does not exist in its registry", "the name and the tag"),
        ("{closed}/there:1", "the registry of the image {image} asks for a login", "docker login"),
        (
            "registry.invalid/there:1",
            "the image {image} is not here, and its registry's name cannot be looked up",
            "--driver process",
        ),
        (
            "127.0.0.1:1/there:1",
            "the image {image} is not here, and its registry cannot be reached",
            "--driver process",
        ),
        ("127.0.0.1:1/There:1", "{image} cannot be the name of an image", "lower case"),
    ],
)
async def test_an_image_that_cannot_be_pulled_is_told_with_its_cause(
    docker_engine: str, image_registry: Registry, closed_registry: Registry, busybox_image: str,
    deployment: str, image: str, message: str, advice: str,
) -> None:  # fmt: skip
    image_registry.push(docker_engine, busybox_image, "there:1")
    reference = image.format(open=image_registry.address, closed=closed_registry.address)
    async with serving(docker_engine, deployment, reference) as rig:
        told, told_advice = await failed_start(rig)
    assert told.startswith(message.format(image=reference))
    assert advice in told_advice


def cut(blob: Path) -> None:
    """Take the end of a blob away."""
    blob.write_bytes(blob.read_bytes()[:-20])


LAYER, CONFIG, MANIFEST = 0, 1, 2
"""Of an image of one layer by size."""


@pytest.mark.parametrize(
    ("which", "spoil", "cause"),
    [
        (LAYER, cut, "layer verification failed"),
        (LAYER, Path.unlink, "unknown blob"),
        (CONFIG, cut, "config verification failed"),
        (MANIFEST, cut, "unexpected HTTP status"),
    ],
)
async def test_an_image_that_is_broken_in_its_registry_is_told_and_can_be_pulled_once_it_is_mended(
    own_engine: OwnEngine, image_registry: Registry, docker_engine: str, busybox_image: str,
    deployment: str, which: int, spoil: Callable[[Path], None], cause: str,
) -> None:  # fmt: skip
    reference = image_registry.push(docker_engine, busybox_image, "broken:1")
    blob = image_registry.blobs()[which]
    whole = blob.read_bytes()
    spoil(blob)
    async with serving(own_engine.endpoint, deployment, reference) as rig:
        told, advice = await failed_start(rig)
        assert told.startswith(f"the image {reference} is broken in its registry (")
        assert cause in told
        assert advice == f"Push it again: docker push {reference}."
        with engine(own_engine.endpoint) as client:
            assert client.images(all=True) == []
        blob.write_bytes(whole)
        assert await rig.get() == (200, PAGE)


async def test_an_image_that_does_not_fit_on_the_engines_disk_is_told(
    small_engine: OwnEngine, image_registry: Registry, docker_engine: str, busybox_image: str, deployment: str
) -> None:
    image = ensure_layered_image(docker_engine, busybox_image, LAYERS, LAYER_BYTES)
    reference = image_registry.push(docker_engine, image, "layered:1")
    async with serving(small_engine.endpoint, deployment, reference) as rig:
        told, advice = await failed_start(rig)
    assert told == "the Docker Engine's disk is full"
    assert "docker system prune" in advice
    with engine(small_engine.endpoint) as client:
        assert client.images(all=True) == []
