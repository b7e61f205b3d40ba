"""Folds what is known of each instance into its row; a row outlives its instance for a while."""

import re
from collections import deque

from core.events.types import (
    ColdStartWaiting,
    ContainerInfo,
    InstanceChanged,
    InstanceSample,
    Kind,
    PhaseBegan,
    PhaseName,
    PullProgressed,
)
from core.frames.frame import HISTORY_SAMPLES, InstanceRow, PullRow

ENDED_ROWS = 8
"""Rows of ended instances kept for each region; the one that ended first goes first."""
ENDED_SHOWN_S = 600.0
"""Seconds that the row of an ended instance is shown."""
SAMPLE_HOLDS_S = 10.0
"""Seconds after which a CPU figure is too old to be shown."""
ENDED_STATES = frozenset({"stopped", "failed"})
_PULL_PHASES = frozenset({"queue", "image"})
_PULL_STATES = frozenset({"placed", "pulling"})
"""How far an instance is whose image is on its way."""
_UNDER_WAY_STATES = frozenset({"placed", "pulling", "creating", "starting", "running"})
_DIGITS = re.compile(r"(\d+)")


def natural_order(name: str) -> tuple[tuple[str, int], ...]:
    """Return a sort key that puts app-2 before app-10."""
    parts = _DIGITS.split(name)
    numbers = [int(part) for part in parts[1::2]] + [-1]
    return tuple(zip(parts[::2], numbers, strict=True))


class _Instance:
    """All that is known of one instance."""

    def __init__(self, event: InstanceChanged) -> None:
        self.changed = event
        self.sample: InstanceSample | None = None
        self.history: deque[float] = deque(maxlen=HISTORY_SAMPLES)
        self.phase: PhaseName | None = None
        self.phase_since_s = 0.0
        self.waiting = 0
        self.pull: PullRow | None = None
        self.ends = 0
        self.lost_bytes: int | None = None
        self.lost_total_bytes = 0
        self.order = natural_order(event.instance)

    @property
    def ended(self) -> bool:
        return self.changed.state in ENDED_STATES

    @property
    def may_pull(self) -> bool:
        return self.changed.state in _PULL_STATES and self.phase in (None, *_PULL_PHASES)

    def change(self, event: InstanceChanged) -> None:
        if self.ended and event.state not in ENDED_STATES:
            self.history.clear()
        self.changed = event
        if event.state not in _UNDER_WAY_STATES:
            self.phase = None
            self.waiting = 0
        if event.state not in _PULL_STATES:
            self.pull = None
        if event.state in ENDED_STATES:
            self._end(event)

    def row(self, now_s: float, memory_limit_mib: float, requests_per_second: float) -> InstanceRow:
        changed, sample = self.changed, self.sample
        fallback: Kind = "emulated" if changed.driver == "simulated" else "measured"
        fresh = sample is not None and now_s - sample.time_s < SAMPLE_HOLDS_S
        return InstanceRow(
            instance=changed.instance,
            container=changed.container,
            region=changed.region,
            driver=changed.driver,
            state=changed.state,
            since_s=changed.time_s,
            reason=changed.reason,
            exit_code=changed.exit_code,
            out_of_memory=changed.out_of_memory,
            memory_mib=sample.memory_mib if sample else 0.0,
            app_memory_mib=sample.app_memory_mib if sample else 0.0,
            memory_limit_mib=sample.memory_limit_mib if sample else memory_limit_mib,
            memory_kind=sample.kind if sample else fallback,
            cpu_percent=sample.cpu_percent if sample and fresh else 0.0,
            requests_per_second=requests_per_second,
            memory_history_mib=tuple(self.history),
            starting_phase=self.phase,
            starting_phase_since_s=self.phase_since_s,
            waiting=self.waiting,
            pull=self.pull,
            lost_disk_bytes=self.lost_bytes,
            lost_disk_total_bytes=self.lost_total_bytes,
            ends=self.ends,
        )

    def _end(self, event: InstanceChanged) -> None:
        self.sample = None
        self.ends += 1
        self.lost_bytes = event.lost_disk_bytes
        self.lost_total_bytes += event.lost_disk_bytes or 0


class InstancesFold:
    """The instances by name: those that live, and the last few that ended."""

    def __init__(self) -> None:
        self._instances: dict[str, _Instance] = {}
        self._limits_mib: dict[str, float] = {}

    def classes(self, containers: tuple[ContainerInfo, ...]) -> None:
        """Learn the container classes' memory limits."""
        self._limits_mib = {one.name: float(one.memory_mib) for one in containers}

    def changed(self, event: InstanceChanged) -> None:
        """Move an instance to another state."""
        known = self._instances.get(event.instance)
        if known is None:
            self._instances[event.instance] = known = _Instance(event)
        known.change(event)
        if known.ended:
            self._forget_ended(event.region)

    def phase(self, event: PhaseBegan) -> None:
        """Note the phase that a starting instance is in."""
        known = self._instances.get(event.instance)
        if known is not None and known.changed.state in _UNDER_WAY_STATES:
            known.phase, known.phase_since_s = event.phase, event.time_s
            if event.phase not in _PULL_PHASES:
                known.pull = None

    def pull(self, event: PullProgressed) -> None:
        """Note how far the image of a starting instance is; forgotten when the start goes on."""
        known = self._instances.get(event.instance)
        if known is not None and known.may_pull:
            known.pull = PullRow(event.image, event.layers)

    def waiting(self, event: ColdStartWaiting) -> None:
        """Note how many requests wait for a starting instance."""
        known = self._instances.get(event.instance)
        if known is not None and known.changed.state in _UNDER_WAY_STATES:
            known.waiting = event.waiting

    def sample(self, event: InstanceSample) -> None:
        """Take in memory and CPU of an instance."""
        known = self._instances.get(event.instance)
        if known is not None and not known.ended:
            known.sample = event
            known.history.append(event.memory_mib)

    def rows(self, now_s: float, rates: dict[str, float]) -> dict[str, list[InstanceRow]]:
        """Return the rows of each region in natural order of their names."""
        shown: dict[str, list[InstanceRow]] = {}
        for one in sorted(self._instances.values(), key=lambda one: one.order):
            changed = one.changed
            if one.ended and now_s - changed.time_s > ENDED_SHOWN_S:
                continue
            limit_mib = self._limits_mib.get(changed.container, 0.0)
            row = one.row(now_s, limit_mib, rates.get(changed.instance, 0.0))
            shown.setdefault(changed.region, []).append(row)
        return shown

    def _forget_ended(self, region: str) -> None:
        ended = [
            one.changed for one in self._instances.values() if one.ended and one.changed.region == region
        ]
        if len(ended) > ENDED_ROWS:
            first = min(ended, key=lambda changed: (changed.time_s, changed.instance))
            del self._instances[first.instance]
