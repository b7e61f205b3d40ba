"""Frames from a running engine, over its control socket."""

from collections.abc import AsyncIterator
from pathlib import Path

from core.control.client import ControlClient, EngineGone, SubscriptionEnded
from core.control.messages import InstanceActionName, Reply
from core.frames.frame import Frame
from tui.source import SourceGone


class LiveSource:
    """Follows the engine behind a control socket.

    Every question opens its own connection: a slow answer never holds up the frames, and once the
    engine is back the next question finds it again.
    """

    def __init__(self, socket: str | Path) -> None:
        self._client = ControlClient(Path(socket))

    async def frames(self, per_second: float) -> AsyncIterator[Frame]:
        """Yield frames until the engine goes away, then raise SourceGone."""
        try:
            async for frame in self._client.frames(per_second):
                yield frame
        except (EngineGone, SubscriptionEnded, OSError) as error:
            raise SourceGone(_words(error)) from error
        raise SourceGone("The engine closed the connection.")

    async def act(self, action: InstanceActionName, instance: str) -> Reply:
        """Ask the engine to start, stop, restart or kill an instance."""
        try:
            return await self._client.act(action, instance)
        except (EngineGone, OSError) as error:
            raise SourceGone(_words(error)) from error

    async def stop_engine(self) -> Reply:
        """Ask the engine to stop; return when everything is removed."""
        try:
            return await self._client.stop_engine()
        except (EngineGone, OSError) as error:
            raise SourceGone(_words(error)) from error


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"The engine does not answer: {error.strerror or error}."
    text = str(error).strip()
    return text[:1].upper() + text[1:] if text else "The engine does not answer."
