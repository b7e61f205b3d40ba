"""What happens to named instances, told to the Worker beside the requests: nothing waits for it but sleep."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from core.events.bus import EventBus
from core.events.types import Notice

ANSWER_WITHIN_S = 30.0
"""A hook that takes longer is given up, as is work after a response on the platform."""

_END_WITHIN_S = 2.0
"""How long a hook that is given up may hold up the end of the deployment."""


@dataclass(frozen=True, slots=True)
class InstanceSignal:
    """Something happened to a named instance; the fields are those of the Worker's ContainerSignal.

    ``expired``: it has been idle for its time; who answers True to it keeps it from being stopped.
    ``reason`` is ``exit`` when the program ended by itself, ``runtime_signal`` when it was made to.
    """

    binding: str
    instance: str
    kind: Literal["stopped", "failed", "expired"]
    exit_code: int | None = None
    reason: Literal["exit", "runtime_signal"] = "exit"
    message: str = ""


OnSignal = Callable[[InstanceSignal], Awaitable[bool]]
"""Handles a signal; returns whether somebody did."""


class Signals:
    """Hand signals on, each in a task of its own."""

    def __init__(self, on_signal: OnSignal | None, bus: EventBus) -> None:
        self._on_signal = on_signal
        self._bus = bus
        self._tasks: set[asyncio.Task[bool]] = set()
        self._closed = False

    def send(self, signal: InstanceSignal) -> None:
        """Tell it, and do not wait."""
        self._begin(signal)

    async def ask(self, signal: InstanceSignal) -> bool:
        """Tell it and return the answer; no answer in time, or an exception, is False.

        Who is cancelled here leaves the hook at work: it may be what stops the instance.
        """
        task = self._begin(signal)
        return task is not None and await asyncio.shield(task)

    async def close(self) -> None:
        """Tell nothing more, and end the hooks at work."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_END_WITHIN_S)

    def _begin(self, signal: InstanceSignal) -> "asyncio.Task[bool] | None":
        if self._on_signal is None or self._closed:
            return None
        telling = self._tell(self._on_signal, signal)
        task = asyncio.get_running_loop().create_task(telling, name=f"{signal.kind} {signal.instance}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _tell(self, on_signal: OnSignal, signal: InstanceSignal) -> bool:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S) as limit:
                return await on_signal(signal)
        except TimeoutError as error:
            over = limit.expired()
            problem = f"took more than {ANSWER_WITHIN_S:g} s and was given up" if over else f"failed: {error}"
        except Exception as error:
            problem = f"failed: {type(error).__name__}: {error}"
        self._bus.publish(
            Notice(
                time_s=self._bus.now_s(),
                level="error",
                subject=signal.instance,
                message=f"the Worker's hook for the instance ({signal.kind}) {problem}",
                advice="look at the hooks of the container class: onStop, onError, onActivityExpired",
            )
        )
        return False
