"""Placement constraints of container classes: which declared regions lie inside them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from core.geo.check import place_of
from core.geo.platform_regions import platform_region
from core.model.mistakes import KeyPath, Mistake
from core.profiles.load import load_profile

if TYPE_CHECKING:
    from core.model.deployment import Container, Deployment


def within_constraints(deployment: "Deployment") -> "Deployment":
    """Return the deployment with each class in those regions only that its constraints allow.

    Regions that a class names itself stay; where one lies outside, ``constraint_problems`` says so.
    """
    lies_in = _platform_regions(deployment)
    return deployment.model_copy(
        update={"containers": tuple(_narrowed(deployment, one, lies_in) for one in deployment.containers)}
    )


def constraint_problems(deployment: "Deployment") -> Iterator[Mistake]:
    """Yield every class that names a region outside its constraints, or has none left inside."""
    lies_in = _platform_regions(deployment)
    for number, container in enumerate(deployment.containers):
        path: KeyPath = ("containers", number)
        allowed = allowed_platform_regions(deployment.profile, container)
        if allowed is None:
            continue
        said = _constraint_in_words(container)
        outside = [
            (at, one) for at, one in enumerate(container.regions) if lies_in.get(one, "") not in allowed
        ]
        for at, region in outside:
            if region in lies_in:
                message = f"{region} lies in {lies_in[region]}, outside {said}"
                yield Mistake((*path, "regions", at), message)
        if not container.regions and lies_in and allowed.isdisjoint(lies_in.values()):
            here = ", ".join(f"{region} in {platform}" for region, platform in lies_in.items())
            yield Mistake((*path, "constraints"), f"{said} leaves no region: there are {here}")


def allowed_platform_regions(profile: str, container: "Container") -> frozenset[str] | None:
    """Return the platform's regions that a class may be placed in; None when it may be anywhere."""
    constraints = container.constraints
    named = frozenset[str](constraints.regions)
    if not constraints.jurisdiction:
        return named or None
    inside = load_profile(profile).placement.jurisdictions.get(constraints.jurisdiction, named)
    return named & inside if named else inside


def _narrowed(deployment: "Deployment", container: "Container", lies_in: Mapping[str, str]) -> "Container":
    allowed = allowed_platform_regions(deployment.profile, container)
    if allowed is None or container.regions:
        return container
    inside = tuple(region for region, platform in lies_in.items() if platform in allowed)
    return container.model_copy(update={"regions": inside})


def _platform_regions(deployment: "Deployment") -> dict[str, str]:
    """Return the platform's region of each declared region whose place is known, in order."""
    found = {region.id: place_of(region) for region in deployment.regions}
    return {
        region: platform_region(place.country_code, place.longitude)
        for region, place in found.items()
        if place is not None
    }


def _constraint_in_words(container: "Container") -> str:
    constraints = container.constraints
    parts = [f"regions {', '.join(constraints.regions)}"] if constraints.regions else []
    if constraints.jurisdiction:
        parts.append(f"jurisdiction {constraints.jurisdiction}")
    return " with ".join(parts)
