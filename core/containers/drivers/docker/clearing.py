"""Calls that are not left half done: cancelled, they go on to their end, and what they made is removed."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from core.containers.drivers.docker.errors import EngineError
from core.containers.drivers.protocol import DriverUnavailable, InstancePlan

T = TypeVar("T")


class Clearing:
    """Clear up behind cancelled calls. ``is_made`` says whether there is an instance, ``remove`` takes it."""

    def __init__(
        self, is_made: Callable[[InstancePlan], bool], remove: Callable[[InstancePlan], Awaitable[None]]
    ) -> None:
        self._is_made = is_made
        self._remove = remove
        self._under_way: set[asyncio.Task[None]] = set()

    async def or_nothing(self, plan: InstancePlan, work: Awaitable[T]) -> T:
        """Await ``work``; when cancelled, let the Engine finish it and then remove the instance."""
        task = asyncio.ensure_future(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            clearing = asyncio.ensure_future(self._clear(plan, task))
            self._under_way.add(clearing)
            clearing.add_done_callback(self._under_way.discard)
            await asyncio.shield(clearing)
            raise

    async def until_done(self) -> None:
        """Wait until all is cleared up."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _clear(self, plan: InstancePlan, task: "asyncio.Future[Any]") -> None:
        await asyncio.wait({task})
        failed = None if task.cancelled() else task.exception()
        if isinstance(failed, DriverUnavailable):
            return  # The Engine is gone; ``open`` removes what it still has when it is back.
        if failed is not None and not self._is_made(plan):
            return  # It was not created.
        with contextlib.suppress(DriverUnavailable, EngineError):
            await self._remove(plan)
