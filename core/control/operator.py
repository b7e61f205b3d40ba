"""What the door needs of the engine: someone who acts on instances and stops the whole."""

from typing import Protocol

from core.control.messages import InstanceActionName
from core.model.start_policies import StartPolicyName


class OperationRefused(Exception):
    """The engine will not do this: the message says why, and what to do instead."""


class Operator(Protocol):
    """Carry out what a person asks for."""

    async def act(self, action: InstanceActionName, instance: str) -> str:
        """Start, stop, restart or kill an instance; return what was done. Raises OperationRefused."""

    async def set_latency(self, scale: float) -> str:
        """Change the factor on emulated round trips; return what was done. Raises OperationRefused."""

    async def scale(self, container: str, region: str, instances: int | None) -> str:
        """Let a class have so many instances in a region, None for its policy. Raises OperationRefused."""

    async def set_start_policy(self, container: str, policy: StartPolicyName) -> str:
        """Start a class's instances in another way from now on. Raises OperationRefused."""

    async def stop(self) -> None:
        """Stop the deployment; return when everything but the control socket is gone."""
