"""What a person may do to an instance by its name: start, stop, restart, kill."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

from core.containers.ending import Wish
from core.containers.instance import Instance
from core.containers.pool import Pool
from core.model.start_policies import START_POLICIES, StartPolicyName

ActionName = Literal["start", "stop", "restart", "kill"]


class ActionRefused(Exception):
    """An action cannot be done: the reason, for a person to read."""


class Place(Protocol):
    """What instances belong to: a class's pool in a region, or a name that a Worker gave."""

    @property
    def instances(self) -> Sequence[Instance]:
        """Those that were ever started."""

    def why_not(self) -> str | None:
        """Say why none of them can be started now; None when one can."""


def act(pools: Sequence[Pool], named: Sequence[Place], action: ActionName, name: str) -> str:
    """Begin an action on an instance and return what is being done, in a sentence.

    ``start`` takes the name of an instance that is down, or of a class: then one more starts in its
    region with the fewest. Raises ActionRefused. ``restart`` ends in an instance that is down; who
    wants it up again waits for that and starts it (see Fleet.act).
    """
    places = (*pools, *named)
    found = find_instance(places, name)
    if found is not None:
        place, instance = found
        return _start(place, instance) if action == "start" else _end(instance, action)
    classes = [pool for pool in pools if pool.container.name == name]
    if not classes:
        raise _unknown_name(name, pools, places)
    if action != "start":
        raise ActionRefused(f"{name} is a container class; {action} takes an instance, such as {name}-1.")
    return _start_another(emptiest(classes))


def set_start_policy(pools: Sequence[Pool], container: str, policy: StartPolicyName) -> str:
    """Let a class's instances be started in another way in all its regions; return where, in a sentence.

    Raises ActionRefused.
    """
    if policy not in START_POLICIES:
        raise ActionRefused(f"{policy} is no start policy. There are: {', '.join(START_POLICIES)}.")
    here = [pool for pool in pools if pool.container.name == container]
    if not here:
        raise _unknown_name(container, pools, pools)
    for pool in here:
        pool.standby.choose(policy)
    able = [pool.region for pool in here if pool.standby.policy == policy]
    unable = [f"{one.region} (the {one.driver.name} driver)" for one in here if one.region not in able]
    said = f"Instances of {container} are started by the policy {policy} from now on"
    if unable:
        return f"{said} in {', '.join(able) or 'no region'}; not known in {', '.join(unable)}: plain there."
    return f"{said}."


def find_instance(places: Iterable[Place], name: str) -> tuple[Place, Instance] | None:
    """Return the instance of that name with what it belongs to."""
    for place in places:
        for instance in place.instances:
            if instance.name == name:
                return place, instance
    return None


def emptiest(pools: Sequence[Pool]) -> Pool:
    """Return the pool where another instance is most wanted: in a region that works, the fewest live."""
    return min(pools, key=lambda pool: (pool.watch.unavailable is not None, pool.live))


def _start(place: Place, instance: Instance) -> str:
    if not instance.is_down:
        raise ActionRefused(f"{instance.name} is {instance.state}; only one that is down can be started.")
    if reason := place.why_not():
        raise ActionRefused(f"{instance.name} cannot be started now: {reason}.")
    instance.begin("started from the console")
    return f"Starting {instance.name} in {instance.plan.region}."


def _start_another(pool: Pool) -> str:
    if reason := pool.why_not():
        raise ActionRefused(f"No instance of {pool.container.name} can be started now: {reason}.")
    return f"Starting {pool.start_one('started from the console').name} in {pool.region}."


def _end(instance: Instance, action: ActionName) -> str:
    kill = action == "kill"
    if instance.restarts.stop() and action != "restart":
        return f"{instance.name} stays down."
    if instance.is_down and action != "restart":
        raise ActionRefused(f"{instance.name} is {instance.state} already.")
    if instance.state == "stopping" and not kill:
        raise ActionRefused(f"{instance.name} is stopping already; kill ends it at once.")
    done = {"stop": "stopped", "restart": "restarted", "kill": "killed"}[action]
    doing = {"stop": "Stopping", "restart": "Restarting", "kill": "Killing"}[action]
    instance.ask(Wish(f"{done} from the console", kill=kill))
    return f"{doing} {instance.name}."


def _unknown_name(name: str, pools: Sequence[Pool], places: Sequence[Place]) -> ActionRefused:
    names = [instance.name for place in places for instance in place.instances]
    names += dict.fromkeys(pool.container.name for pool in pools)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}."
    return ActionRefused(f"There is no instance or container class named {name}. {hint}")
