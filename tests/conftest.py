"""Settings and fixtures for all tests."""

import os

os.environ["TEXTUAL_ANIMATIONS"] = "none"

from tests.docker_support import busybox_image, docker_engine, python_image

__all__ = ["busybox_image", "docker_engine", "python_image"]
