"""The driver that runs nothing: seeded, on virtual time, its figures drawn from measured distributions."""

from core.containers.drivers.simulated.driver import SimulatedDriver

__all__ = ["SimulatedDriver"]
