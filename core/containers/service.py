"""What the edge needs of the containers: send a request to a class in a region."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.http.messages import Request, Response


@dataclass(slots=True)
class ContainerAnswer:
    """The answer of a container, or of the platform in its place."""

    response: Response
    instance: str
    """The instance that answered; empty when none could be had."""
    cold_wait_ms: float
    """How long the request waited for an instance to start; 0 when one was ready."""
    error: str = ""
    """Why the platform answered in the container's place, in a sentence; empty when the container did."""
    added_wait_ms: float = 0.0
    """The last part of ``cold_wait_ms``: waiting added on purpose, for a start as slow as the platform's."""


class ContainerService(Protocol):
    """The container classes of a deployment."""

    async def fetch(
        self, container: str, region: str, request: Request, *, instance: str = "", port: int | None = None
    ) -> ContainerAnswer:
        """Send a request to an instance of the class in the region, starting one when none is warm.

        ``instance`` names one, wherever it lives; it is started in the region when it lives nowhere. Else
        any of the region will do. ``port`` is another of its ports than the one declared. Failures come
        back as the platform's own answer (status and body), never as an exception.
        """

    def place(self, container: str, instance: str) -> str | None:
        """Return the region where a named instance lives now; None when it does not run anywhere."""

    async def operate(
        self, container: str, region: str, instance: str, operation: str, options: Mapping[str, Any]
    ) -> ContainerAnswer:
        """Do something with a named instance; see ContainerOperation for operations, options and answers.

        Failures come back as the platform's own answer (status and body), never as an exception.
        """
