"""What a person may do to an instance by its name: start, stop, restart, kill."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Literal

from core.containers.instance import Instance, Wish
from core.containers.pool import Pool

ActionName = Literal["start", "stop", "restart", "kill"]


class ActionRefused(Exception):
    """An action cannot be done: the reason, for a person to read."""


def act(pools: Sequence[Pool], action: ActionName, name: str) -> str:
    """Begin an action on an instance and return what is being done, in a sentence.

    ``start`` takes the name of an instance that is down, or of a class: then one more starts in its
    region with the fewest. Raises ActionRefused. ``restart`` ends in an instance that is down; who
    wants it up again waits for that and starts it (see Fleet.act).
    """
    found = find_instance(pools, name)
    if found is not None:
        pool, instance = found
        return _start(pool, instance) if action == "start" else _end(instance, action)
    classes = [pool for pool in pools if pool.container.name == name]
    if not classes:
        raise _unknown_name(name, pools)
    if action != "start":
        raise ActionRefused(f"{name} is a container class; {action} takes an instance, such as {name}-1.")
    return _start_another(emptiest(classes))


def find_instance(pools: Iterable[Pool], name: str) -> tuple[Pool, Instance] | None:
    """Return the instance of that name with its pool."""
    for pool in pools:
        for instance in pool.instances:
            if instance.name == name:
                return pool, instance
    return None


def emptiest(pools: Sequence[Pool]) -> Pool:
    """Return the pool where another instance is most wanted: in a region that works, the fewest live."""
    return min(pools, key=lambda pool: (pool.watch.unavailable is not None, pool.live))


def _start(pool: Pool, instance: Instance) -> str:
    if not instance.is_down:
        raise ActionRefused(f"{instance.name} is {instance.state}; only one that is down can be started.")
    if reason := pool.why_not():
        raise ActionRefused(f"{instance.name} cannot be started now: {reason}.")
    instance.begin("started from the console")
    return f"Starting {instance.name} in {pool.region}."


def _start_another(pool: Pool) -> str:
    if reason := pool.why_not():
        raise ActionRefused(f"No instance of {pool.container.name} can be started now: {reason}.")
    return f"Starting {pool.start_one('started from the console').name} in {pool.region}."


def _end(instance: Instance, action: ActionName) -> str:
    kill = action == "kill"
    if instance.is_down and action != "restart":
        raise ActionRefused(f"{instance.name} is {instance.state} already.")
    if instance.state == "stopping" and not kill:
        raise ActionRefused(f"{instance.name} is stopping already; kill ends it at once.")
    done = {"stop": "stopped", "restart": "restarted", "kill": "killed"}[action]
    doing = {"stop": "Stopping", "restart": "Restarting", "kill": "Killing"}[action]
    instance.ask(Wish(f"{done} from the console", kill=kill))
    return f"{doing} {instance.name}."


def _unknown_name(name: str, pools: Sequence[Pool]) -> ActionRefused:
    names = [instance.name for pool in pools for instance in pool.instances]
    names += dict.fromkeys(pool.container.name for pool in pools)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}."
    return ActionRefused(f"There is no instance or container class named {name}. {hint}")
