"""The Engine's event stream, kept open: how the loss of the Engine and memory kills are noticed."""

import asyncio
from collections.abc import Awaitable, Callable

from core.containers.drivers.docker.api import EngineApi, Filters
from core.containers.drivers.docker.connection import Json
from core.containers.drivers.docker.errors import EngineError
from core.containers.drivers.protocol import DriverUnavailable

RETRY_S = 0.1


class EventWatch:
    """Give every event to ``on_event``, and call ``on_lost`` once when the Engine is gone."""

    def __init__(
        self,
        api: EngineApi,
        filters: Filters,
        on_event: Callable[[Json], None],
        on_lost: Callable[[DriverUnavailable], Awaitable[None]],
    ) -> None:
        self._api = api
        self._filters = filters
        self._on_event = on_event
        self._on_lost = on_lost
        self._since = ""
        self._subscribed = asyncio.Event()
        self._task = asyncio.ensure_future(self._run())

    async def subscribed(self) -> None:
        """Return when events come in from now on; raises what ended the watch before that."""
        waiting = asyncio.ensure_future(self._subscribed.wait())
        try:
            await asyncio.wait({waiting, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self._task.done():
            self._task.result()

    async def _run(self) -> None:
        """Subscribe again whenever the stream ends, for an end without an error is a lost connection too."""
        while True:
            try:
                await self._follow()
            except EngineError:
                await asyncio.sleep(RETRY_S)  # An Engine that is starting or stopping refuses for a moment.
            except DriverUnavailable:
                pass  # Whether the Engine or this connection alone is gone, the ping tells.
            try:
                await self._api.ping()
            except EngineError:
                await asyncio.sleep(RETRY_S)
            except DriverUnavailable as error:
                await self._on_lost(error)
                return

    async def _follow(self) -> None:
        async with self._api.events(self._filters, self._since) as events:
            self._subscribed.set()
            async for event in events:
                nanoseconds = int(event.get("timeNano", 0))
                # The Engine takes seconds and nine digits; a number with a fraction would lose some.
                self._since = f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09}"
                self._on_event(event)

    async def stop(self) -> None:
        """End the watch; it ends by itself after ``on_lost``, which may therefore call this too."""
        if self._task is asyncio.current_task():
            return
        self._task.cancel()
        await asyncio.wait({self._task})
