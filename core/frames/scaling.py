"""Keeps the last decisions on how many instances shall run, and the one in force everywhere."""

from collections import deque

from core.events.types import ScalingDecided
from core.frames.frame import RECENT_SCALING, ScalingRow


class ScalingFold:
    """A ring of decisions, and the newest of each class and region."""

    def __init__(self) -> None:
        self.dropped = 0
        self._recent: deque[ScalingRow] = deque(maxlen=RECENT_SCALING)
        self._in_force: dict[tuple[str, str], ScalingRow] = {}

    def decided(self, event: ScalingDecided) -> None:
        """Keep one decision, dropping the oldest when the ring is full."""
        row = ScalingRow(
            event.time_s,
            event.container,
            event.region,
            event.policy,
            event.before,
            event.instances,
            event.reason,
        )
        self.dropped += len(self._recent) == RECENT_SCALING
        self._recent.append(row)
        self._in_force[event.container, event.region] = row

    def rows(self) -> tuple[ScalingRow, ...]:
        """Return the decisions, newest last."""
        return tuple(self._recent)

    def wanted(self) -> tuple[ScalingRow, ...]:
        """Return the decision in force of each class and region that had one, by class, then region."""
        return tuple(row for _, row in sorted(self._in_force.items()))
