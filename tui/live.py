"""Frames from a running engine, over its control socket."""

from collections.abc import AsyncIterator
from pathlib import Path

from core.control.client import ControlClient, EngineGone
from core.control.messages import InstanceActionName, Reply
from core.frames.frame import Frame
from tui.source import SourceGone


class LiveSource:
    """Follows the engine behind a control socket; every question opens a connection of its own.

    So a slow answer never holds up the frames, and after the engine comes back the next question
    finds it again.
    """

    def __init__(self, socket: str | Path) -> None:
        self._socket = Path(socket)

    async def frames(self, per_second: float) -> AsyncIterator[Frame]:
        """Yield frames until the engine goes away, then raise SourceGone."""
        client = await self._connect()
        try:
            async for frame in client.frames(per_second):
                yield frame
        except (EngineGone, OSError) as error:
            raise SourceGone(_words(error)) from error
        finally:
            await client.close()
        raise SourceGone("the engine closed the connection")

    async def act(self, action: InstanceActionName, instance: str) -> Reply:
        """Ask the engine to start, stop, restart or kill an instance."""
        client = await self._connect()
        try:
            return await client.act(action, instance)
        except (EngineGone, OSError) as error:
            raise SourceGone(_words(error)) from error
        finally:
            await client.close()

    async def stop_engine(self) -> Reply:
        """Ask the engine to stop; return when everything is removed."""
        client = await self._connect()
        try:
            return await client.stop_engine()
        except (EngineGone, OSError) as error:
            raise SourceGone(_words(error)) from error
        finally:
            await client.close()

    async def _connect(self) -> ControlClient:
        try:
            return await ControlClient.connect(self._socket)
        except (EngineGone, OSError) as error:
            raise SourceGone(_words(error)) from error


def _words(error: Exception) -> str:
    if isinstance(error, EngineGone) and str(error):
        return str(error)
    return "The engine does not answer: it has stopped, or was killed."
