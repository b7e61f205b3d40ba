"""Fixtures for tests against a real Docker Engine."""

import asyncio
import os
import sys
from collections.abc import Callable

import pytest

REQUIRE_VARIABLE = "HYBRID_REQUIRE_DOCKER"


def _cannot(reason: str) -> None:
    """Skip the test; fail it where Docker must be there."""
    if os.environ.get(REQUIRE_VARIABLE) == "1":
        pytest.fail(f"{reason} ({REQUIRE_VARIABLE}=1 asks for it)", pytrace=False)
    pytest.skip(reason)


def _image(make: Callable[[str], str], endpoint: str) -> str:
    try:
        return make(endpoint)
    except LookupError as error:
        _cannot(str(error))
        raise


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
