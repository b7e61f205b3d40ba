from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.geo.constraints import constraint_problems, within_constraints
from core.model.deployment import Deployment

REGIONS = ("us-east", "us-west", "eu-west", "eu-east", "ap-northeast", "af-south")
LIES_IN = dict(zip(REGIONS, ("ENAM", "WNAM", "WEUR", "EEUR", "APAC", "AFR"), strict=True))


def deployment(regions: tuple[str, ...] = REGIONS, **container: Any) -> Deployment:
    return Deployment.model_validate(
        {
            "name": "shop",
            "worker": "worker.py",
            "regions": [{"id": one} for one in regions],
            "containers": [{"binding": "APP", "command": ["serve"], **container}],
        }
    )


def left(declared: Deployment) -> tuple[str, ...]:
    return within_constraints(declared).containers[0].regions


def test_a_class_without_constraints_may_run_everywhere() -> None:
    assert left(deployment()) == ()
    assert list(constraint_problems(deployment())) == []


@pytest.mark.parametrize(
    ("constraints", "regions"),
    [
        ({"jurisdiction": "eu"}, ("eu-west", "eu-east")),
        ({"jurisdiction": "us"}, ("us-east", "us-west")),
        ({"jurisdiction": "fedramp", "regions": ["ENAM"]}, ("us-east",)),
        ({"regions": ["APAC", "AFR"]}, ("ap-northeast", "af-south")),
    ],
)
def test_a_class_runs_in_the_regions_inside_its_constraints(
    constraints: dict[str, Any], regions: tuple[str, ...]
) -> None:
    declared = deployment(constraints=constraints)
    assert left(declared) == regions
    assert list(constraint_problems(within_constraints(declared))) == []


def test_a_region_named_outside_the_constraints_is_a_mistake_at_its_place() -> None:
    declared = deployment(regions=REGIONS, constraints={"jurisdiction": "eu"})
    named = declared.containers[0].model_copy(update={"regions": ("eu-west", "us-east")})
    (found,) = constraint_problems(declared.model_copy(update={"containers": (named,)}))
    assert found.path == ("containers", 0, "regions", 1)
    assert found.message == "us-east lies in ENAM, outside jurisdiction eu"


def test_constraints_that_leave_no_region_say_which_regions_there_are() -> None:
    declared = deployment(("us-east", "ap-northeast"), constraints={"jurisdiction": "eu"})
    (found,) = constraint_problems(within_constraints(declared))
    assert found.path == ("containers", 0, "constraints")
    assert (
        found.message == "jurisdiction eu leaves no region: there are us-east in ENAM, ap-northeast in APAC"
    )


def test_a_region_whose_place_is_not_known_is_left_to_the_check_of_places() -> None:
    assert list(constraint_problems(deployment(("moon-base",), constraints={"jurisdiction": "eu"}))) == []


@given(
    st.sets(st.sampled_from(sorted(LIES_IN.values())), min_size=1),
    st.sets(st.sampled_from(REGIONS), min_size=1),
)
def test_what_is_left_lies_inside_and_what_lies_inside_is_left(allowed: set[str], there: set[str]) -> None:
    declared = deployment(tuple(sorted(there)), constraints={"regions": sorted(allowed)})
    assert set(left(declared)) == {one for one in there if LIES_IN[one] in allowed}
