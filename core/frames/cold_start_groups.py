"""Folds ended cold starts into distributions: one for each class, region and start policy."""

from collections import deque

from core.events.types import ColdStart, Kind
from core.frames.frame import ColdStartGroup
from core.frames.window import ranked
from core.model.start_policies import START_POLICIES, StartPolicyName

GROUP_SAMPLE = 500
"""Percentiles are exact over so many of a group's latest starts that succeeded; counts and worst over all."""
_MS_DIGITS = 3

Key = tuple[str, str, StartPolicyName]


class _Group:
    """The starts of one class in one region under one policy."""

    def __init__(self) -> None:
        self.count = self.failed = self.waited = 0
        self.worst_ms = self.queue_worst_ms = 0.0
        self.kind: Kind = "measured"
        self.start_ms: deque[float] = deque(maxlen=GROUP_SAMPLE)
        self.queue_ms: deque[float] = deque(maxlen=GROUP_SAMPLE)
        self.row: ColdStartGroup | None = None
        """Made when a frame asks for it, and once only."""

    def add(self, event: ColdStart) -> None:
        self.row = None
        self.waited += event.waited
        if event.outcome == "failed":
            self.failed += 1
            return
        queue_ms = sum((phase.duration_ms for phase in event.phases if phase.name == "queue"), 0.0)
        start_ms = round(max(event.total_ms - queue_ms, 0.0), _MS_DIGITS)
        self.count += 1
        if any(phase.kind == "emulated" for phase in event.phases):
            self.kind = "emulated"
        self.worst_ms = max(self.worst_ms, start_ms)
        self.queue_worst_ms = max(self.queue_worst_ms, queue_ms)
        self.start_ms.append(start_ms)
        self.queue_ms.append(queue_ms)

    def as_row(self, key: Key) -> ColdStartGroup:
        p50_ms, p95_ms = ranked(sorted(self.start_ms), (0.5, 0.95))
        container, region, policy = key
        return ColdStartGroup(
            container=container,
            region=region,
            policy=policy,
            count=self.count,
            failed=self.failed,
            p50_ms=p50_ms,
            p95_ms=p95_ms,
            worst_ms=self.worst_ms,
            queue_p50_ms=ranked(sorted(self.queue_ms), (0.5,))[0],
            queue_worst_ms=self.queue_worst_ms,
            waited=self.waited,
            kind=self.kind,
        )


class ColdStartGroupsFold:
    """The distributions of a run."""

    def __init__(self) -> None:
        self._groups: dict[Key, _Group] = {}

    def ended(self, event: ColdStart) -> None:
        """Take in a cold start that succeeded or failed."""
        key = (event.container, event.region, event.policy)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group()
        group.add(event)

    def rows(self) -> tuple[ColdStartGroup, ...]:
        """Return one row a group: by class, then region, then policy in the order of their declaration."""
        rows = []
        for key in sorted(self._groups, key=_order):
            group = self._groups[key]
            group.row = group.row or group.as_row(key)
            rows.append(group.row)
        return tuple(rows)


def _order(key: Key) -> tuple[str, str, int]:
    container, region, policy = key
    return container, region, START_POLICIES.index(policy)
