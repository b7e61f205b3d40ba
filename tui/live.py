"""Frames from a running engine, over its control socket."""

from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

from core.control.client import ControlClient, EngineGone, SubscriptionEnded
from core.control.messages import InstanceActionName, Reply
from core.frames.frame import Frame
from core.model.start_policies import StartPolicyName
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
        return await _answer(self._client.act(action, instance))

    async def set_latency(self, scale: float) -> Reply:
        """Ask the engine to change the factor on emulated round trips."""
        return await _answer(self._client.set_latency(scale))

    async def scale(self, container: str, region: str, instances: int | None) -> Reply:
        """Ask the engine for so many instances of a class in a region; None for its policy."""
        return await _answer(self._client.scale(container, region, instances))

    async def set_start_policy(self, container: str, policy: StartPolicyName) -> Reply:
        """Ask the engine to start a class's instances in another way."""
        return await _answer(self._client.set_start_policy(container, policy))

    async def stop_engine(self) -> Reply:
        """Ask the engine to stop; return when everything is removed."""
        return await _answer(self._client.stop_engine())


async def _answer(asked: Awaitable[Reply]) -> Reply:
    """Return the engine's answer. Raises SourceGone when there is none."""
    try:
        return await asked
    except (EngineGone, OSError) as error:
        raise SourceGone(_words(error)) from error


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"The engine does not answer: {error.strerror or error}."
    text = str(error).strip()
    return text[:1].upper() + text[1:] if text else "The engine does not answer."
