"""The docker driver: instances as containers of a Docker Engine."""

from core.containers.drivers.docker.diagnose import Diagnosis, diagnose, remove_everything
from core.containers.drivers.docker.driver import DockerDriver
from core.containers.drivers.docker.regions import Removed

__all__ = ["Diagnosis", "DockerDriver", "Removed", "diagnose", "remove_everything"]
