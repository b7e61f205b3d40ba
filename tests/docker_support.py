"""Fixtures for tests against a real Docker Engine, and the end of what they made."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, NoReturn, TypeVar

import pytest

if TYPE_CHECKING:
    from tests.docker_images.own_engine import OwnEngine
    from tests.docker_images.registry import Registry

T = TypeVar("T")

REQUIRE_VARIABLE = "HYBRID_REQUIRE_DOCKER"


def _cannot(reason: str) -> NoReturn:
    """Skip the test; fail it where Docker must be there."""
    if os.environ.get(REQUIRE_VARIABLE) == "1":
        pytest.fail(f"{reason} ({REQUIRE_VARIABLE}=1 asks for it)", pytrace=False)
    pytest.skip(reason)


def _image(make: Callable[[str], str], endpoint: str) -> str:
    try:
        return make(endpoint)
    except LookupError as error:
        _cannot(str(error))


def pytest_configure() -> None:
    """Name the session before its worker processes are started, so that all mark images alike."""
    from tests.docker_images.engine import session

    session()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove the images that the session made; the first process does it, when all others have ended."""
    from core.containers.drivers.docker import diagnose
    from tests.docker_images.engine import remove_images

    found = None if hasattr(session.config, "workerinput") else asyncio.run(diagnose())
    if found is not None and found.reachable:
        remove_images(found.endpoint)


@pytest.fixture(scope="session")
def docker_engine() -> str:
    """Return the endpoint of a Docker Engine that answers; skip without one."""
    from core.containers.drivers.docker import diagnose

    found = asyncio.run(diagnose())
    if not found.reachable:
        _cannot(f"no Docker Engine: {found.message} {found.advice}")
    if sys.platform != "linux":
        _cannot("the images for tests are made on Linux")
    return found.endpoint


@pytest.fixture(scope="session")
def busybox_image(docker_engine: str) -> str:
    """Return an image that serves a page on its PORT, boots in milliseconds and weighs 2 MB."""
    from tests.docker_images.busybox import ensure_busybox_image

    return _image(ensure_busybox_image, docker_engine)


@pytest.fixture(scope="session")
def python_image(docker_engine: str) -> str:
    """Return an image with Python and Flask, to be the BASE of templates' Dockerfiles."""
    from tests.docker_images.python import ensure_python_image

    return _image(ensure_python_image, docker_engine)


async def _given(one: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """Give what a context gives; skip the test where this machine cannot have it."""
    try:
        async with one as given:
            yield given
    except LookupError as error:
        _cannot(str(error))


@pytest.fixture
async def own_engine(docker_engine: str, deployment: str) -> AsyncIterator["OwnEngine"]:
    """Give a Docker Engine of the test's own, which it may kill; ``deployment`` is what the test runs."""
    from tests.docker_images.own_engine import own_engine

    async for one in _given(own_engine(deployment)):
        yield one


@pytest.fixture
async def small_engine(docker_engine: str, deployment: str) -> AsyncIterator["OwnEngine"]:
    """Give a Docker Engine of the test's own whose disk holds next to nothing."""
    from tests.docker_images.own_engine import SMALL_DISK_BYTES, own_engine

    async for one in _given(own_engine(deployment, disk_bytes=SMALL_DISK_BYTES)):
        yield one


@pytest.fixture
async def image_registry() -> AsyncIterator["Registry"]:
    """Give a registry of images on the loopback address, empty."""
    from tests.docker_images.registry import registry

    async for one in _given(registry()):
        yield one


@pytest.fixture
async def closed_registry() -> AsyncIterator["Registry"]:
    """Give a registry that asks everybody for a login."""
    from tests.docker_images.registry import registry

    async for one in _given(registry(closed=True)):
        yield one


@pytest.fixture
def deployment(request: pytest.FixtureRequest) -> str:
    """Return a name for a deployment that no other test or run has."""
    return f"test-{os.getpid()}-{abs(hash(request.node.nodeid)) % 10**8}"
