"""What the door needs of the engine: someone who acts on instances and stops the whole."""

from typing import Protocol

from core.control.messages import InstanceActionName


class OperationRefused(Exception):
    """The engine will not do this: the message says why, and what to do instead."""


class Operator(Protocol):
    """Carry out what a person asks for."""

    async def act(self, action: InstanceActionName, instance: str) -> str:
        """Start, stop, restart or kill an instance; return what was done. Raises OperationRefused."""

    async def stop(self) -> None:
        """Stop the deployment; return when everything but the control socket is gone."""
