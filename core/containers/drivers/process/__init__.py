"""The driver that runs the program of a container class as a local child process."""

from core.containers.drivers.process.driver import ProcessDriver, make_drivers
from core.containers.drivers.process.leftovers import remove_everything

__all__ = ["ProcessDriver", "make_drivers", "remove_everything"]
