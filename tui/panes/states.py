"""The words, glyphs and styles of states: colour is never the only sign."""

from typing import NamedTuple

from core.events.types import InstanceState, IsolateState, PhaseName
from core.frames.frame import InstanceRow, RegionRow
from tui.panes import pulls
from tui.units import duration_s


class Sign(NamedTuple):
    """How a state looks."""

    glyph: str
    word: str
    style: str


STATES: dict[InstanceState, Sign] = {
    "placed": Sign("◌", "placed", "starting"),
    "pulling": Sign("◔", "pulling", "starting"),
    "creating": Sign("◔", "creating", "starting"),
    "starting": Sign("◑", "starting", "starting"),
    "running": Sign("◕", "booting", "starting"),
    "ready": Sign("●", "ready", "ok"),
    "stopping": Sign("◍", "stopping", "muted"),
    "stopped": Sign("○", "stopped", "muted"),
    "failed": Sign("✗", "failed", "error"),
}
ISOLATE_STATES: dict[IsolateState, Sign] = {
    "starting": Sign("◑", "starting", "starting"),
    "ready": Sign("●", "ready", "ok"),
    "stalled": Sign("‖", "stalled", "warning"),
    "draining": Sign("◍", "draining", "muted"),
    "failed": Sign("✗", "failed", "error"),
    "stopped": Sign("○", "stopped", "muted"),
}
PHASE_WORDS: dict[PhaseName, str] = {
    "queue": "queue",
    "image": "image",
    "create": "create",
    "start": "start",
    "boot": "boot",
    "delay": "delay",
    "first_response": "first response",
}


PHASE_FILLS: dict[PhaseName, str] = {"queue": "·", "delay": "░"}
"""What fills the stretch of a phase that is no work: waiting behind other starts, and waiting added on
purpose, which has the glyph of emulated time."""


def phase_stretch(name: PhaseName, size: int, label: str = "") -> str:
    """Return ``size`` cells of a phase's bar with a label at its beginning; it is drawn as ``phase-NAME``."""
    fill = PHASE_FILLS.get(name, " ")
    text = f" {label} " if label and fill != " " else f" {label}" if label else ""
    return text + fill * (size - len(text)) if len(text) <= size else (label or fill * size)[:size]


def is_starting(instance: InstanceRow) -> bool:
    """Say whether the instance is on its way to ready."""
    return STATES[instance.state].style == "starting"


def instance_sign(instance: InstanceRow) -> Sign:
    """Return how an instance looks now."""
    sign = STATES[instance.state]
    if instance.out_of_memory and instance.state in ("failed", "stopped"):
        return Sign("✗", "out of memory", "error")
    if instance.state == "failed" and instance.exit_code is not None:
        return sign._replace(word=f"exit {instance.exit_code}")
    if instance.state == "stopped" and "sleep" in instance.reason:
        return sign._replace(word="asleep")
    if is_starting(instance) and instance.starting_phase is not None:
        return sign._replace(word=PHASE_WORDS[instance.starting_phase])
    return sign


def state_words(instance: InstanceRow, time_s: float) -> str:
    """Return the state and, where it matters, for how long."""
    word = instance_sign(instance).word
    if is_starting(instance) and instance.pull is not None and instance.pull.layers:
        return pulls.words(instance.pull)
    if is_starting(instance) and instance.starting_phase is not None:
        return f"{word} {duration_s(time_s - instance.starting_phase_since_s)}"
    if word in ("asleep", "stopped"):
        return f"{word} {duration_s(time_s - instance.since_s)}"
    return word


def region_sign(region: RegionRow) -> Sign:
    """Return how a region looks now."""
    if region.state == "unavailable":
        return Sign("▲", "unavailable", "error")
    if any(one.state == "ready" for one in region.instances):
        return Sign("●", "ready", "ok")
    if any(is_starting(one) for one in region.instances):
        return Sign("◑", "starting", "starting")
    if region.state != "ready":
        return Sign("◌", region.state or "unknown", "muted")
    if not region.instances:
        return Sign("○", "idle", "muted")
    last = max(region.instances, key=lambda one: one.since_s)
    return Sign("✗", "failed", "error") if last.state == "failed" else Sign("○", "asleep", "muted")
