"""Settings and fixtures for all tests."""

import os

os.environ["TEXTUAL_ANIMATIONS"] = "none"

from tests.docker_support import (
    busybox_image,
    deployment,
    docker_engine,
    own_engine,
    pytest_configure,
    pytest_sessionfinish,
    python_image,
)

__all__ = [
    "busybox_image",
    "deployment",
    "docker_engine",
    "own_engine",
    "pytest_configure",
    "pytest_sessionfinish",
    "python_image",
]
