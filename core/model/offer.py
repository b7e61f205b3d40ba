"""Checks of a deployment against its profile: what the platform offers, and to what bounds."""

from collections.abc import Iterator

from core.model.deployment import Container, Deployment
from core.model.instance_types import CustomInstance
from core.model.mistakes import KeyPath, Mistake
from core.profiles.load import load_profile
from core.profiles.profile import Placement, Profile

MIB_PER_GIB = 1024
MB_PER_GB = 1000


def check_offer(deployment: Deployment) -> Iterator[Mistake]:
    """Yield what the deployment's profile does not offer."""
    profile = load_profile(deployment.profile)
    for number, container in enumerate(deployment.containers):
        path: KeyPath = ("containers", number)
        yield from _check_type(profile, path, container)
        yield from _check_placement(profile, path, container)
        if profile.placement.choice == "at deployment":
            yield from _check_one_region(deployment, path, container)
    yield from _check_account(profile, deployment)
    if deployment.prices.container_hour_usd is not None and profile.price_book != "beta":
        message = f"profile {profile.name} has published prices, per 10 ms; this one is for profile beta"
        yield Mistake(("prices", "container_hour_usd"), message)


def notes(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Yield the subject and sentence of what is emulated or assumed here for want of the platform's."""
    profile = load_profile(deployment.profile)
    policy = deployment.scaling.policy
    if policy not in profile.scaling.offered:
        yield "scaling", f"policy {policy} is emulated; {profile.scaling.beyond}"
    if profile.instances.assumed:
        yield f"profile {profile.name}", profile.instances.assumed
    if profile.price_book == "beta":
        price_usd = deployment.prices.container_hour_usd
        said = f"${price_usd} is assumed" if price_usd is not None else "set container_hour_usd in [prices]"
        yield "prices", f"no price of a container-hour was ever published: {said}"


def _check_type(profile: Profile, path: KeyPath, container: Container) -> Iterator[Mistake]:
    """Yield what an instance type of one's own may not have."""
    own = container.instance_type
    if isinstance(own, CustomInstance):
        for key, allowed in profile.instances.custom.violations(own.vcpu, own.memory_mib, own.disk_mb):
            message = f"{getattr(own, key):g} is not allowed in profile {profile.name}; write {allowed}"
            yield Mistake((*path, "instance_type", key), message)


def _check_placement(profile: Profile, path: KeyPath, container: Container) -> Iterator[Mistake]:
    """Yield constraints that the platform does not take."""
    placement, constraints = profile.placement, container.constraints
    path = (*path, "constraints")
    if not placement.regions:
        if constraints.regions or constraints.jurisdiction:
            message = f"profile {profile.name} has no placement constraints; name the region in regions"
            yield Mistake(path, message)
        return
    if constraints.regions and placement.limited.issuperset(constraints.regions):
        limited = ", ".join(one for one in placement.regions if one in placement.limited)
        message = f"{limited} have limited capacity and cannot be the only ones; add another region"
        yield Mistake((*path, "regions"), message)
    if constraints.jurisdiction:
        yield from _check_jurisdiction(placement, path, container)


def _check_jurisdiction(placement: Placement, path: KeyPath, container: Container) -> Iterator[Mistake]:
    jurisdiction = container.constraints.jurisdiction or ""
    inside = placement.jurisdictions[jurisdiction]
    for number, region in enumerate(container.constraints.regions):
        if region not in inside:
            within = " and ".join(one for one in placement.regions if one in inside)
            message = f"{region} lies outside the jurisdiction {jurisdiction}, which is {within}"
            yield Mistake((*path, "regions", number), message)


def _check_one_region(deployment: Deployment, path: KeyPath, container: Container) -> Iterator[Mistake]:
    """Yield where it is left open in which one region a class runs."""
    regions = container.regions or tuple(one.id for one in deployment.regions)
    if len(regions) > 1:
        example = f'regions = ["{regions[0]}"]'
        message = f"profile {deployment.profile}: the region is chosen at deployment; write one: {example}"
        yield Mistake((*path, "regions"), message)


def _check_account(profile: Profile, deployment: Deployment) -> Iterator[Mistake]:
    """Yield where all instances together would be more than an account may have."""
    account = profile.account
    vcpu = sum(one.limits.vcpu * one.max_instances for one in deployment.containers)
    memory_mib = sum(one.limits.memory_mib * one.max_instances for one in deployment.containers)
    disk_mb = sum(one.limits.disk_mb * one.max_instances for one in deployment.containers)
    for used, allowed, unit in (
        (vcpu, account.vcpu, "vCPU"),
        (memory_mib / MIB_PER_GIB, account.memory_mib / MIB_PER_GIB, "GiB of memory"),
        (disk_mb / MB_PER_GB, account.disk_mb / MB_PER_GB, "GB of disk"),
    ):
        if used > allowed:
            message = (
                f"max_instances of all classes come to {used:,.0f} {unit}; an account has {allowed:,.0f}"
            )
            yield Mistake(("containers",), f"{message}: lower max_instances or the instance types")
            return
