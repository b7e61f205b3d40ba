"""The part of an example stream that tells of instances: their states, their starts, how many there are."""

import random
from collections.abc import Iterator

from core.events.types import (
    ColdStart,
    ColdStartWaiting,
    InstanceChanged,
    InstanceState,
    Phase,
    PhaseBegan,
    PhaseName,
    PullLayer,
    PullProgressed,
    ScalingDecided,
)
from core.model.start_policies import StartPolicyName
from tests.stream_isolates import IsolateStream
from tests.stream_places import DRIVERS, PHASES_BY_POLICY, READY_TIMEOUT_MS

_STATE_OF: dict[PhaseName, InstanceState] = {"create": "creating", "start": "starting", "boot": "running"}


class StartStream(IsolateStream):
    """Collect events of instances; a class is the name of its instance without the number."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.random = random.Random(seed)

    def instance(
        self,
        time_s: float,
        name: str,
        region: str,
        state: InstanceState,
        reason: str = "",
        exit_code: int | None = None,
        out_of_memory: bool = False,
        lost_disk_bytes: int | None = None,
    ) -> None:
        """Move an instance to a state; its class is its name without the number."""
        self.add(
            InstanceChanged(
                time_s=round(time_s, 6),
                instance=name,
                container=name.rpartition("-")[0],
                region=region,
                driver=DRIVERS[region],
                state=state,
                reason=reason,
                exit_code=exit_code,
                out_of_memory=out_of_memory,
                lost_disk_bytes=lost_disk_bytes,
            )
        )

    def phase(self, time_s: float, name: str, region: str, phase: PhaseName, detail: str = "") -> None:
        """Begin a phase of a cold start."""
        self.add(
            PhaseBegan(
                time_s=round(time_s, 6),
                instance=name,
                container=name.rpartition("-")[0],
                region=region,
                phase=phase,
                detail=detail,
            )
        )

    def waiting(self, time_s: float, name: str, count: int) -> None:
        """Let ``count`` requests join the wait for an instance, one after the other."""
        for number in range(1, count + 1):
            self.add(
                ColdStartWaiting(time_s=round(time_s + number * 0.011, 6), instance=name, waiting=number)
            )

    def begin_start(self, start_s: float, name: str, region: str, until: PhaseName, detail: str = "") -> None:
        """Let a cold start go on until it has begun the phase ``until``, and leave it there."""
        self.instance(start_s, name, region, "placed")
        at_s = start_s
        states: dict[PhaseName, InstanceState] = {
            "image": "pulling",
            "create": "creating",
            "start": "starting",
            "boot": "running",
            "first_response": "ready",
        }
        for phase, duration_ms in PHASES_BY_POLICY["plain"]:
            if phase in states:
                self.instance(at_s, name, region, states[phase])
            self.phase(at_s, name, region, phase, detail if phase == until else "")
            if phase == until:
                return
            at_s += duration_ms / 1000

    def cold_start(
        self,
        start_s: float,
        name: str,
        region: str,
        waited: int = 1,
        slower: float = 1.0,
        failed_reason: str = "",
        *,
        policy: StartPolicyName = "plain",
        queued_ms: float = 0.0,
    ) -> float:
        """Start an instance, all phases ``slower`` times as long; return when it was ready or failed."""
        self.instance(start_s, name, region, "placed")
        phases = self._phases(
            start_s, name, region, self._durations(policy, slower, queued_ms, failed_reason)
        )
        self.waiting(start_s, name, waited)
        total_ms = round(sum(phase.duration_ms for phase in phases if phase.name != "first_response"), 3)
        ended_s = start_s + total_ms / 1000
        if failed_reason:
            self.instance(ended_s, name, region, "failed", failed_reason, exit_code=1)
        else:
            self.instance(ended_s, name, region, "ready")
        self.add(
            ColdStart(
                time_s=round(start_s + sum(phase.duration_ms for phase in phases) / 1000, 6),
                instance=name,
                container=name.rpartition("-")[0],
                region=region,
                driver=DRIVERS[region],
                start_s=start_s,
                total_ms=total_ms,
                phases=phases,
                waited=waited,
                outcome="failed" if failed_reason else "ready",
                reason=failed_reason,
                policy=policy,
            )
        )
        return ended_s

    def decided(
        self, time_s: float, place: tuple[str, str], policy: str, change: tuple[int, int], reason: str
    ) -> None:
        """Change how many instances a class shall have in a region: from the first number to the second."""
        container, region = place
        before, instances = change
        self.add(
            ScalingDecided(
                time_s=time_s,
                container=container,
                region=region,
                policy=policy,
                before=before,
                instances=instances,
                reason=reason,
            )
        )

    def pull(self, time_s: float, name: str, region: str, image: str, *layers: PullLayer) -> None:
        """Report how far the pull of an instance's image is."""
        container = name.rpartition("-")[0]
        self.add(
            PullProgressed(
                time_s=time_s,
                instance=name,
                container=container,
                region=region,
                image=image,
                layers=layers,
            )
        )

    def _durations(
        self, policy: StartPolicyName, slower: float, queued_ms: float, failed: str
    ) -> Iterator[tuple[PhaseName, float]]:
        """Yield how long each phase takes, in milliseconds; one that fails ends with its boot."""
        usual = PHASES_BY_POLICY[policy]
        for phase, usual_ms in usual[:-1] if failed else usual:
            duration_ms = round(usual_ms * slower * self.random.uniform(0.85, 1.3), 3)
            if phase == "queue":
                duration_ms += queued_ms
            yield phase, READY_TIMEOUT_MS if failed and phase == "boot" else duration_ms

    def _phases(
        self, start_s: float, name: str, region: str, durations: Iterator[tuple[PhaseName, float]]
    ) -> tuple[Phase, ...]:
        """Begin one phase after the other, with the state that the instance is in."""
        phases: list[Phase] = []
        at_ms = 0.0
        for phase, duration_ms in durations:
            if phase in _STATE_OF:
                self.instance(start_s + at_ms / 1000, name, region, _STATE_OF[phase])
            self.phase(start_s + at_ms / 1000, name, region, phase)
            phases.append(Phase(phase, round(at_ms, 3), duration_ms, "measured"))
            at_ms += duration_ms
        return tuple(phases)
