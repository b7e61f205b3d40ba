"""The CPU use of instances over their last samples, each in percent of its own limit."""

from collections import deque

from core.events.types import AnyEvent, InstanceSample

WINDOW_S = 5.0
"""How far back samples count: long enough that one busy moment starts nothing."""
WARM_UP_S = 5.0
"""For so long after it became ready an instance's samples do not count: what its own start takes would call
for more instances, whose starts would call for more again."""
_MOST_SAMPLES = 32
FULL_PERCENT = 100.0
"""More than its limit no instance has on the platform, whatever a driver without limits lets it use."""


class CpuUse:
    """Remember the samples of the instances of one class in one region; subscribe ``take`` to the bus."""

    def __init__(self, container: str, region: str, vcpu: float) -> None:
        self._container = container
        self._region = region
        self._vcpu = vcpu
        self._samples: dict[str, deque[tuple[float, float]]] = {}

    def take(self, event: AnyEvent) -> None:
        """Remember an event, if it is a sample of an instance here."""
        if not isinstance(event, InstanceSample) or event.container != self._container:
            return
        if event.region == self._region:
            samples = self._samples.setdefault(event.instance, deque(maxlen=_MOST_SAMPLES))
            samples.append((event.time_s, min(event.cpu_percent / self._vcpu, FULL_PERCENT)))

    def percent(self, instance: str, since_s: float, now_s: float) -> float:
        """Return an instance's mean share of its limit over its last samples; it is ready since ``since_s``.

        0 where there is none that counts.
        """
        from_s = max(since_s + WARM_UP_S, now_s - WINDOW_S)
        shares = [share for time_s, share in self._samples.get(instance, ()) if time_s >= from_s]
        return sum(shares) / len(shares) if shares else 0.0
