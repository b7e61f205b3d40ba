"""Checks of the scaling keys against each other, and of what is kept prepared."""

from collections.abc import Iterator

from core.model.deployment import Container, Deployment, Scaling
from core.model.mistakes import KeyPath, Mistake

_POLICY_OF = {
    "target_concurrency": "concurrency",
    "target_cpu_percent": "cpu",
    "target_queue": "queue",
    "schedule": "schedule",
    "instances": "fixed",
}
"""The policy that each key belongs to; the others hold for all."""
PREPARING = frozenset({"created", "shared", "paused"})
"""The start policies that keep instances prepared."""


def check_scaling(deployment: Deployment) -> Iterator[Mistake]:
    """Yield scaling keys that do not go together."""
    scaling = deployment.scaling
    for key, policy in _POLICY_OF.items():
        if key in scaling.model_fields_set and scaling.policy != policy:
            message = f'is for policy = "{policy}" only, and the policy is "{scaling.policy}"'
            yield Mistake(("scaling", key), message)
    yield from _check_bounds(scaling, min(one.max_instances for one in deployment.containers))
    if scaling.policy == "schedule":
        yield from _check_schedule(scaling)
    for number, container in enumerate(deployment.containers):
        yield from _check_prepared(("containers", number), container)


def _check_bounds(scaling: Scaling, smallest_class: int) -> Iterator[Mistake]:
    """Yield a least that is above the most; ``smallest_class`` is the least max_instances of any class."""
    least, most = scaling.min_instances, scaling.max_instances_per_region
    if most and least > most:
        message = f"{least} is more than max_instances_per_region, which is {most}"
        yield Mistake(("scaling", "min_instances"), message)
    elif least > smallest_class:
        message = f"{least} is more than max_instances of a class, which is {smallest_class}"
        yield Mistake(("scaling", "min_instances"), message)
    if most and scaling.policy == "fixed" and scaling.instances > most:
        message = f"{scaling.instances} is more than max_instances_per_region, which is {most}"
        yield Mistake(("scaling", "instances"), message)


def _check_schedule(scaling: Scaling) -> Iterator[Mistake]:
    if not scaling.schedule:
        example = 'schedule = [{ at = "08:00", instances = 3 }, { at = "20:00", instances = 0 }]'
        yield Mistake(("scaling", "schedule"), f"is missing: the policy is schedule; write {example}")
    times = [one.at for one in scaling.schedule]
    most = scaling.max_instances_per_region
    for number, entry in enumerate(scaling.schedule):
        path: KeyPath = ("scaling", "schedule", number)
        if times.index(entry.at) != number:
            yield Mistake((*path, "at"), f"{entry.at} is here for the second time")
        if most and entry.instances > most:
            message = f"{entry.instances} is more than max_instances_per_region, which is {most}"
            yield Mistake((*path, "instances"), message)


def _check_prepared(path: KeyPath, container: Container) -> Iterator[Mistake]:
    """Yield a start policy that has nothing prepared, and more prepared than may ever run.

    Prepared instances without such a policy are no mistake: the policy can be changed while it runs.
    """
    if container.start_policy in PREPARING and not container.prepared:
        policy = container.start_policy
        yield Mistake((*path, "prepared"), f'0 leaves start_policy = "{policy}" nothing to start; write 1')
    elif container.prepared > container.max_instances:
        message = f"{container.prepared} is more than max_instances, which is {container.max_instances}"
        yield Mistake((*path, "prepared"), message)
