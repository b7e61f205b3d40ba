"""How a pull or build goes on, as events: not too many of them, and the last one in any case."""

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

    def __call__(self, line: str) -> None:
        now_s = self._bus.now_s()
        is_last = isinstance(line, PullLine) and line.over
        if not is_last and self._shown_s is not None and now_s - self._shown_s < _EVERY_S:
            return
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
