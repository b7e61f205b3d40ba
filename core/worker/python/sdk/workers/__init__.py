"""What a Python Worker imports: ``from workers import Response, WorkerEntrypoint``.

The names and their use follow the platform's own Python Workers.
"""

from .entrypoint import Context, DurableObject, Env, ScheduledController, WorkerEntrypoint
from .headers import Headers
from .outbound import fetch
from .request import Request
from .response import Response

__all__ = [
    "Context",
    "DurableObject",
    "Env",
    "Headers",
    "Request",
    "Response",
    "ScheduledController",
    "WorkerEntrypoint",
    "fetch",
]
