"""Settings and fixtures for all tests."""

import os

os.environ["TEXTUAL_ANIMATIONS"] = "none"

from hypothesis import settings

from tests.docker_support import (
    busybox_image,
    closed_registry,
    deployment,
    docker_engine,
    image_registry,
    own_engine,
    pytest_configure,
    pytest_sessionfinish,
    python_image,
    small_engine,
)

__all__ = [
    "busybox_image",
    "closed_registry",
    "deployment",
    "docker_engine",
    "image_registry",
    "own_engine",
    "pytest_configure",
    "pytest_sessionfinish",
    "python_image",
    "small_engine",
]

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")  # how long an example takes says how busy the machine is, not what is right
