"""The small parts beside the Container class: which instance, which port, how long."""

import random
import re
from typing import Any, Literal, TypedDict

from core.worker.python.sdk.workers import Headers, Request

SINGLETON = "cf-singleton-container"
"""The instance that ``get_container`` gives when none is named."""
PORT_FIELD = "cf-container-target-port"
SIGNALS = {"SIGINT": 2, "SIGTERM": 15, "SIGKILL": 9}

_UNITS_S = {"s": 1, "m": 60, "h": 3600}


class StopParams(TypedDict):
    """What ``on_stop`` gets."""

    exit_code: int
    reason: Literal["exit", "runtime_signal"]


def get_container(binding: Any, name: str = SINGLETON) -> Any:
    """Return what reaches the instance of that name."""
    return binding.get(binding.id_from_name(name))


async def get_random(binding: Any, instances: int = 3) -> Any:
    """Return what reaches one of so many instances, drawn at random."""
    return binding.get(binding.id_from_name(f"instance-{random.randrange(instances)}"))


async def load_balance(binding: Any, instances: int = 3) -> Any:
    """Do as ``get_random``, under its former name."""
    return await get_random(binding, instances)


def switch_port(request: Request, port: int) -> Request:
    """Return the request with the container's port that it is for."""
    headers = Headers(request.headers)
    headers.set(PORT_FIELD, str(port))
    return Request(request, headers=headers)


def to_seconds(time: str | float | None) -> float | None:
    """Read a time such as "30s", "10m", "1h" or a number of seconds. Raises ValueError."""
    if time is None or isinstance(time, int | float):
        return time
    match = re.fullmatch(r"(\d+)([smh])", time)
    if match is None:
        raise ValueError(f"invalid time expression {time}")
    return int(match[1]) * _UNITS_S[match[2]]
