"""Pure scaling policies: serve with what is there, wait for what comes, or start one more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.containers import choose
from core.containers.choose import Candidate
from core.model.deployment import Scaling

C = TypeVar("C", bound=Candidate)


@dataclass(frozen=True, slots=True)
class Decision(Generic[C]):
    """What to do with one request.

    ``start``: start one more instance. ``use``: send the request there now. ``join``: wait for its start.
    ``outlast``: wait until it has stopped, then decide again. With ``start`` and nothing else the request
    joins the new instance; with nothing at all it is refused.
    """

    start: bool = False
    use: C | None = None
    join: C | None = None
    outlast: C | None = None


def wants_another(scaling: Scaling, instances: Sequence[C]) -> bool:
    """Say whether the policy asks for one more instance for the next request in this region.

    fixed: while fewer than ``instances`` live and none of them is idle (one that is not started has no
    load, so it is the least loaded). concurrency: when every ready one has at least the target in
    flight, one start at a time.
    """
    ready, starting = choose.ready(instances), choose.starting(instances)
    if scaling.policy == "concurrency":
        return not starting and all(one.load >= scaling.target_concurrency for one in ready)
    has_idle = any(one.load == 0 for one in (*ready, *starting))
    return not has_idle and choose.live(instances) < scaling.instances


def decide(scaling: Scaling, instances: Sequence[C], may_start: Callable[[], bool]) -> Decision[C]:
    """Decide for one request; ``may_start`` is asked only when the policy wants another instance.

    A request never waits for a start while a ready instance can serve it.
    """
    start = wants_another(scaling, instances) and may_start()
    use = choose.least_loaded(choose.ready(instances))
    if use is not None:
        return Decision(start=start, use=use)
    if start:
        return Decision(start=True)
    join = choose.least_loaded(choose.starting(instances))
    if join is not None:
        return Decision(join=join)
    return Decision(outlast=choose.least_loaded(choose.stopping(instances)))
