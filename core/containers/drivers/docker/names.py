"""The names of containers: given, and taken from what nobody owns any more."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.connection import Json
from core.containers.drivers.docker.errors import EngineError
from core.containers.drivers.docker.labels import DEPLOYMENT, Owner, may_be_removed
from core.containers.drivers.docker.regions import remove_container
from core.containers.drivers.protocol import DriverUnavailable

T = TypeVar("T")

CONFLICT = 409
NOT_FOUND = 404


async def create_container(api: EngineApi, name: str, body: Json, me: Owner) -> str:
    """Create a container and return its id. Raises EngineError."""
    return await _with_name(api, name, me, lambda: api.create_container(name, body))


class Renaming:
    """Give containers other names in the background: nobody waits for a name."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()

    def begin(self, api: EngineApi, container: str, name: str, me: Owner) -> None:
        """Give a container another name soon; where that fails it keeps its own."""
        task = asyncio.get_running_loop().create_task(_rename(api, container, name, me))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def until_done(self) -> None:
        """Wait until all have their names."""
        await asyncio.gather(*self._under_way)


async def _rename(api: EngineApi, container: str, name: str, me: Owner) -> None:
    with contextlib.suppress(EngineError, DriverUnavailable):
        await _with_name(api, name, me, lambda: api.rename_container(container, name))


async def _with_name(api: EngineApi, name: str, me: Owner, call: Callable[[], Awaitable[T]]) -> T:
    try:
        return await call()
    except EngineError as error:
        if error.status != CONFLICT or not await _remove_namesake(api, name, me):
            raise
    return await call()


async def _remove_namesake(api: EngineApi, name: str, me: Owner) -> bool:
    """Remove a container that has the name, if nobody owns it any more."""
    try:
        marks = (await api.container(name))["Config"]["Labels"] or {}
    except EngineError as error:
        return error.status == NOT_FOUND
    if DEPLOYMENT not in marks or not may_be_removed(marks, me):
        return False
    await remove_container(api, name)
    return True
