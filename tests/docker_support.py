"""Fixtures for tests against a real Docker Engine, and the end of what they made."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from tests.docker_images.own_engine import OwnEngine

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


@pytest.fixture
async def own_engine(docker_engine: str, deployment: str) -> AsyncIterator["OwnEngine"]:
    """Give a Docker Engine of the test's own, which it may kill; ``deployment`` is what the test runs."""
    from tests.docker_images.own_engine import own_engine

    try:
        async with own_engine(deployment) as engine:
            yield engine
    except LookupError as error:
        _cannot(str(error))


@pytest.fixture
def deployment(request: pytest.FixtureRequest) -> str:
    """Return a name for a deployment that no other test or run has."""
    return f"test-{os.getpid()}-{abs(hash(request.node.nodeid)) % 10**8}"
