"""The life of an instance as a table: which state may follow which; and the event of each step."""

from core.containers.drivers.protocol import Exit, InstancePlan
from core.events.types import DriverName, InstanceChanged, InstanceState

TRANSITIONS: dict[InstanceState, frozenset[InstanceState]] = {
    "placed": frozenset({"pulling", "creating", "stopping", "failed"}),
    "pulling": frozenset({"creating", "stopping", "failed"}),
    "creating": frozenset({"starting", "stopping", "failed"}),
    "starting": frozenset({"running", "stopping", "failed"}),
    "running": frozenset({"ready", "stopping", "failed"}),
    "ready": frozenset({"stopping", "failed"}),
    "stopping": frozenset({"stopped", "failed"}),
    "stopped": frozenset({"placed"}),
    "failed": frozenset({"placed"}),
}
"""``pulling`` is entered only when an image is really pulled or built. An instance that ends by itself
is ``stopping`` while what is left is removed, then ``stopped`` when its program exited with 0, else
``failed``. ``ready`` to ``failed`` at once is the loss of the engine below."""

FIRST_STATE: InstanceState = "placed"
STARTING_STATES: frozenset[InstanceState] = frozenset(
    {"placed", "pulling", "creating", "starting", "running"}
)
DOWN_STATES: frozenset[InstanceState] = frozenset({"stopped", "failed"})
"""States in which an instance uses nothing and does not count against max_instances."""
MEASURED_STATES: frozenset[InstanceState] = frozenset({"running", "ready", "stopping"})
"""States in which the program runs, so that there is memory and CPU to read."""


class ForbiddenTransition(RuntimeError):
    """An instance was about to move to a state that cannot follow its present one (a defect)."""


def check_transition(instance: str, before: InstanceState | None, after: InstanceState) -> None:
    """Raise ForbiddenTransition when ``after`` cannot follow ``before`` (None: not placed yet)."""
    allowed = after == FIRST_STATE if before is None else after in TRANSITIONS[before]
    if not allowed:
        raise ForbiddenTransition(f"{instance} cannot move from {before} to {after}")


def changed(
    time_s: float,
    plan: InstancePlan,
    driver: DriverName,
    state: InstanceState,
    reason: str,
    end: Exit | None,
    lost_bytes: int | None,
) -> InstanceChanged:
    """Return the event of a step; ``end`` is how the program ended, where it has."""
    return InstanceChanged(
        time_s=time_s,
        instance=plan.instance,
        container=plan.container.name,
        region=plan.region,
        driver=driver,
        state=state,
        reason=reason,
        exit_code=end.exit_code if end else None,
        out_of_memory=end.out_of_memory if end else False,
        lost_disk_bytes=lost_bytes,
        object_name=plan.object_name,
    )
