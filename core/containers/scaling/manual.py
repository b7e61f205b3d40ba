"""Scaling by hand: a person's number for one class in one region, or its policy again."""

from collections.abc import Sequence

from core.containers import errors
from core.containers.actions import ActionRefused
from core.containers.pool import Pool
from core.containers.scaling.policies import counted


def scale(pools: Sequence[Pool], container: str, region: str, instances: int | None) -> str:
    """Let the class have so many instances in the region from now on, None for its policy.

    Return what comes of it, in a sentence. Raises actions.ActionRefused.
    """
    pool = _find(pools, container, region)
    if instances is None:
        pool.scaler.set_manual(None)
        policy = pool.scaler.rule.policy
        return f"{container} in {region} follows its policy again ({policy}): {_wanted(pool)}."
    _check(pool, instances)
    pool.scaler.set_manual(instances)
    hindrance = pool.why_not() if pool.live < pool.scaler.target.instances else None
    held_back = f"; none can be started now: {hindrance}" if hindrance else ""
    return f"{container} in {region}: {_wanted(pool)}, {pool.live} there{held_back}."


def _wanted(pool: Pool) -> str:
    return f"{counted(pool.scaler.target.instances, 'instance')} wanted"


def _check(pool: Pool, instances: int) -> None:
    if instances < 0:
        raise ActionRefused("The number of instances must be 0 or more; 0 lets the region fall asleep.")
    most = pool.most()
    if instances <= most:
        return
    of_class = pool.container.max_instances
    per_region = pool.scaler.rule.scaling.max_instances_per_region
    if per_region and most == per_region:
        why = f"scaling.max_instances_per_region is {per_region}"
    elif instances > of_class:
        why = f"max_instances of {pool.container.name} is {of_class}"
    else:
        why = f"max_instances is {of_class}, and {of_class - most} of them live in other places"
    raise ActionRefused(f"{errors.MAX_INSTANCES}. {why}; at most {most} can run in {pool.region} now.")


def _find(pools: Sequence[Pool], container: str, region: str) -> Pool:
    here = [pool for pool in pools if pool.container.name == container]
    if not here:
        classes = ", ".join(dict.fromkeys(pool.container.name for pool in pools))
        raise ActionRefused(f"There is no container class named {container}. There are: {classes}.")
    for pool in here:
        if pool.region == region:
            return pool
    regions = ", ".join(pool.region for pool in here)
    raise ActionRefused(f"{container} does not run in a region {region}. It runs in: {regions}.")
