"""From what a policy needs to what is wanted: bounds, cool-down, sleep, and a person's word before all."""

from dataclasses import dataclass

from core.containers.scaling.observed import Observed, Target
from core.containers.scaling.policies import POLICIES, counted, scheduled
from core.model.scaling import Scaling

MANUAL = "manual"
"""The policy's name in events while a person's number is in force."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is in force for one class in one region: the declared policy, or a person's number."""

    scaling: Scaling
    manual: int | None = None

    @property
    def policy(self) -> str:
        """Return the policy's name for events."""
        return self.scaling.policy if self.manual is None else MANUAL

    @property
    def leaves_to_sleep(self) -> bool:
        """Say whether instances end by sleep alone, and none is ever taken away for lack of work."""
        return self.policy == "fixed"

    @property
    def is_explicit(self) -> bool:
        """Say whether it names a number itself, so that nothing is gained by waiting for calm."""
        return self.policy in ("schedule", MANUAL)

    def floor(self, minute: int) -> int:
        """Return how many are kept running whatever the load, at that minute of the day, UTC."""
        if self.manual is not None:
            return self.manual
        if self.scaling.policy == "schedule":
            entry = scheduled(self.scaling.schedule, minute)
            return max(self.scaling.min_instances, entry.instances if entry else 0)
        return self.scaling.min_instances

    def needs(self, observed: Observed) -> int:
        """Return how many are needed now: by the policy, by the floor, and one for any request at all."""
        by_policy = POLICIES[self.scaling.policy].needs(self.scaling, observed) if self.manual is None else 0
        return max(by_policy, self.floor(observed.minute), min(1, observed.requests))


def ceiling(scaling: Scaling, max_instances: int, elsewhere: int) -> int:
    """Return the most that may live in the region while ``elsewhere`` of the class live in other places."""
    left = max(0, max_instances - elsewhere)
    return min(left, scaling.max_instances_per_region) if scaling.max_instances_per_region else left


def next_target(rule: Rule, observed: Observed, before: Target, most: int, now_s: float) -> Target:
    """Return what is wanted from now on, at most ``most``.

    More is wanted at once. Fewer are wanted when instances have gone down by themselves (sleep among
    it), and when for the cool-down fewer were needed all the time: then as many as were needed at its
    worst moment, but one at least, whose end is its own sleep.
    """
    need = rule.needs(observed)
    kept = max(before.instances - observed.ended, min(before.instances, observed.live))
    if need >= kept:
        return Target(min(need, most), now_s)
    rest = max(need, 1)
    peak = max(before.peak, rest)
    is_calm = now_s - before.calm_since_s >= rule.scaling.cool_down
    if rule.is_explicit or (is_calm and not rule.leaves_to_sleep):
        return Target(min(rest if rule.is_explicit else peak, kept, most), now_s)
    return Target(min(kept, most), before.calm_since_s, peak)


def reason_for(rule: Rule, observed: Observed, before: Target, after: Target, most: int) -> str:
    """Say in a sentence why ``after`` is wanted instead of ``before``."""
    if after.instances < before.instances:
        return _why_fewer(rule, observed, after, most)
    why = _why_needed(rule, observed)
    if rule.needs(observed) > after.instances:
        why += f"; no more than {after.instances} may run here ({_bound(rule, most)})"
    return why


def _why_needed(rule: Rule, observed: Observed) -> str:
    floor = rule.floor(observed.minute)
    if floor >= rule.needs(observed) and floor > 0:
        if rule.manual is not None:
            return f"a person asked for {floor}"
        if floor == rule.scaling.min_instances:
            return f"{floor} {'is' if floor == 1 else 'are'} kept running at least (min_instances)"
    if rule.manual is not None:
        return f"{counted(observed.requests, 'request')} at once"
    return POLICIES[rule.scaling.policy].why(rule.scaling, observed)


def _why_fewer(rule: Rule, observed: Observed, after: Target, most: int) -> str:
    if after.instances == most and rule.needs(observed) > most:
        return f"no more than {most} may run here now ({_bound(rule, most)})"
    if observed.ended and not (rule.is_explicit and observed.requests):
        ended = observed.why_ended
        return ended if observed.ended == 1 else f"{observed.ended} instances ended; the last one: {ended}"
    if rule.is_explicit:
        return _why_needed(rule, observed)
    calm = f"for {rule.scaling.cool_down:g} s"
    if after.instances == 1 and observed.requests == 0 and not rule.floor(observed.minute):
        return f"{calm} no more than 1 was needed; the last one is left to sleep_after"
    return f"{calm} no more than {after.instances} {'was' if after.instances == 1 else 'were'} needed"


def _bound(rule: Rule, most: int) -> str:
    return (
        "max_instances_per_region"
        if most == rule.scaling.max_instances_per_region
        else "max_instances, over all regions"
    )
