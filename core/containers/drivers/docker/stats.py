"""Memory and CPU of a container from the Engine's own stream, for an Engine that is elsewhere."""

import asyncio
from typing import Any

from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.cgroups import Reading
from core.containers.drivers.docker.errors import EngineError
from core.containers.drivers.protocol import DriverUnavailable


class StatsReader:
    """Keep the newest reading of one container's stream, which brings about one a second."""

    def __init__(self, api: EngineApi, container: str) -> None:
        self._api = api
        self._container = container
        self._reading: Reading | None = None
        self._task = asyncio.ensure_future(self._follow())

    async def _follow(self) -> None:
        try:
            async with self._api.stats(self._container) as messages:
                async for message in messages:
                    self._reading = reading_of(message) or self._reading
        except (EngineError, DriverUnavailable):
            pass  # The container or the Engine is gone, which whoever waits for its exit is told.
        self._reading = None

    def read(self) -> Reading | None:
        """Return the newest reading; None before the first and after the end."""
        return self._reading

    def close(self) -> None:
        """Let go of the stream."""
        self._task.cancel()


def reading_of(message: dict[str, Any]) -> Reading | None:
    """Make a reading of one message; None for one without figures, as a container that ends sends."""
    memory = message.get("memory_stats") or {}
    if "usage" not in memory:
        return None
    detail = memory.get("stats") or {}
    used = int(memory["usage"])
    inactive = int(detail.get("total_inactive_file", detail.get("inactive_file", 0)))
    cpu = (message.get("cpu_stats") or {}).get("cpu_usage") or {}
    return Reading(
        used - inactive if inactive < used else used,
        int(detail.get("total_rss", detail.get("anon", used))),
        int(cpu.get("total_usage", 0)) / 1_000_000_000,
    )
