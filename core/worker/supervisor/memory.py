"""When an isolate holds too much memory, and how soon to look again; memory in MiB beyond its start."""

import math
from typing import Literal

from core.worker.supervisor.stall import PAUSED_AFTER_S

ASK_S = 0.1
"""How long the language may take to say what it holds itself."""
SLACK_FACTOR = 2.0
"""Memory that only the allocator holds is left to it up to so many times the limit."""
STEP_MIB = 16.0
"""Once cleared, memory may grow by so much before the language is asked again."""
SHORTEST_LOOK_S = 0.005

Verdict = Literal["within", "ask", "over"]


class MemoryPolicy:
    """The readings of one isolate. ``baseline_mib`` is what was resident when it became ready."""

    def __init__(self, limit_mib: float, baseline_mib: float) -> None:
        self.used_mib = 0.0
        self._limit_mib = limit_mib
        self._baseline_mib = baseline_mib
        self._cleared_mib = 0.0
        self._asked_s: float | None = None
        self._heap_too_large = False
        self._growth_mib_per_s = 0.0
        self._last_look_s = math.inf

    def look(self, now_s: float, resident_mib: float) -> Verdict:
        """Judge the isolate by its resident memory; "ask": let the language say what it holds (``told``)."""
        used_mib = max(0.0, resident_mib - self._baseline_mib)
        if self._asked_s is not None and now_s - self._last_look_s > PAUSED_AFTER_S:
            self._asked_s = now_s  # the engine itself was paused: the answer may wait unread
        self._note_growth(now_s, used_mib)
        self.used_mib = used_mib
        if used_mib <= self._limit_mib:
            self._cleared_mib, self._asked_s, self._heap_too_large = 0.0, None, False
            return "within"
        if used_mib > self._limit_mib * SLACK_FACTOR or self._heap_too_large:
            return "over"
        if self._cleared_mib and used_mib <= self._cleared_mib + STEP_MIB:
            return "within"
        if self._asked_s is None:
            self._asked_s = now_s
        return "over" if now_s - self._asked_s > ASK_S else "ask"

    def told(self, heap_mib: float) -> None:
        """Take what the language's own heap holds; 0 (unknown) clears nothing."""
        if self._asked_s is None:
            return
        if 0 < heap_mib <= self._limit_mib:
            self._cleared_mib, self._asked_s = self.used_mib, None
        else:
            self._heap_too_large = True

    def next_look_s(self, usual_s: float) -> float:
        """Return the seconds until the next look: half the time in which the limit would be reached."""
        if self._growth_mib_per_s <= 0:
            return usual_s
        ceiling_mib = self._limit_mib * (SLACK_FACTOR if self.used_mib > self._limit_mib else 1.0)
        room_mib = max(0.0, ceiling_mib - self.used_mib)
        return max(SHORTEST_LOOK_S, min(usual_s, room_mib / self._growth_mib_per_s / 2))

    def _note_growth(self, now_s: float, used_mib: float) -> None:
        if now_s > self._last_look_s:
            self._growth_mib_per_s = (used_mib - self.used_mib) / (now_s - self._last_look_s)
        self._last_look_s = now_s
