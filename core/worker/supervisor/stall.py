"""When an isolate is stuck: judged from its answers to pings, its CPU time and the request it works on."""

from typing import Literal

LOOK_EVERY_S = 0.05
SHORTEST_LOOK_S = 0.02
STALLED_AFTER_S = 0.095
"""How long a ping may stay without an answer: two usual looks, however their times are rounded."""
LEAST_CPU_S = 0.02
"""CPU time that an isolate must have used meanwhile: one that got no CPU is not stuck. Two clock ticks."""
PAUSED_AFTER_S = 0.25
"""Looks that lie further apart say that the engine itself was paused; an answer may wait unread."""
_LOOKS = 2

Verdict = Literal["responding", "stalled", "over_limit"]


def look_every_s(cpu_limit_s: float) -> float:
    """Return the seconds between two looks: shorter for a short limit on CPU time."""
    return min(LOOK_EVERY_S, max(SHORTEST_LOOK_S, cpu_limit_s / 4))


class StallPolicy:
    """The readings of one isolate, turned into a verdict; times in seconds of the event loop.

    An isolate that goes from one request to the next without answering is busy, not stuck: each time
    the request that it works on changes, waiting begins anew.
    """

    def __init__(self, cpu_limit_s: float) -> None:
        self._cpu_limit_s = cpu_limit_s
        self._waiting = False
        self._since_s = 0.0
        self._cpu_since_s = 0.0
        self._running = ""
        self._looks = 0
        self._last_look_s = 0.0

    def pinged(self, now_s: float, cpu_s: float, running: str) -> None:
        """Note that a ping was sent, and what the isolate had used and worked on by then."""
        self._waiting = True
        self._last_look_s = now_s
        self._begin(now_s, cpu_s, running)

    def answered(self) -> None:
        """Note that the ping was answered."""
        self._waiting = False

    def silent_s(self, now_s: float) -> float:
        """Return how long the isolate has worked on one request without answering the last ping."""
        return now_s - self._since_s if self._waiting else 0.0

    def look(self, now_s: float, cpu_s: float, running: str) -> Verdict:
        """Judge the isolate by what it has used and what it works on now."""
        paused = now_s - self._last_look_s > PAUSED_AFTER_S
        self._last_look_s = now_s
        if not self._waiting:
            return "responding"
        if running != self._running:
            self._begin(now_s, cpu_s, running)
            return "responding"
        if paused:
            self._looks = 0
            self._since_s = now_s
        self._looks += 1
        return self._judge(now_s, cpu_s - self._cpu_since_s)

    def _judge(self, now_s: float, used_s: float) -> Verdict:
        if self._looks < _LOOKS:
            return "responding"
        if used_s > self._cpu_limit_s:
            return "over_limit"
        if now_s - self._since_s >= STALLED_AFTER_S and used_s >= LEAST_CPU_S:
            return "stalled"
        return "responding"

    def _begin(self, now_s: float, cpu_s: float, running: str) -> None:
        self._since_s, self._cpu_since_s, self._running, self._looks = now_s, cpu_s, running, 0
