"""How a pull or build goes on, as events: not too many of them, and the last one in any case."""

import asyncio
from collections.abc import Callable

from core.containers.drivers.protocol import InstancePlan, PullLine
from core.events.bus import EventBus
from core.events.types import InstanceState, PullProgressed

_EVERY_S = 0.25


class PullProgress:
    """Show how the pull for one start goes on: at most four times a second, and at its end."""

    def __init__(self, plan: InstancePlan, move: Callable[[InstanceState, str], None], bus: EventBus) -> None:
        self._plan = plan
        self._move = move
        self._bus = bus
        self._shown_s: float | None = None
        self._line = ""
        self._later: asyncio.TimerHandle | None = None

    def __call__(self, line: str) -> None:
        self.stop()
        is_last = isinstance(line, PullLine) and line.over
        since_s = self._bus.now_s() - self._shown_s if self._shown_s is not None else _EVERY_S
        if is_last or since_s >= _EVERY_S:
            self._show(line)
        else:
            # A pull that stalls now must not be left with an older line on the screen.
            self._later = asyncio.get_running_loop().call_later(_EVERY_S - since_s, self._show, line)

    def stop(self) -> None:
        """Show no more of what has been told so far: the pull is over, or newer words have come."""
        if self._later is not None:
            self._later.cancel()

    def _show(self, line: str) -> None:
        now_s = self._bus.now_s()
        self._shown_s = now_s
        if line != self._line:
            self._line = str(line)
            self._move("pulling", self._line)
        if isinstance(line, PullLine):
            self._publish(line, now_s)

    def _publish(self, line: PullLine, now_s: float) -> None:
        self._bus.publish(
            PullProgressed(
                time_s=now_s,
                instance=self._plan.instance,
                container=self._plan.container.name,
                region=self._plan.region,
                image=line.image,
                layers=line.layers,
            )
        )
