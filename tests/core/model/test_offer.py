from typing import Any

import pytest

from core.model.deployment import Deployment
from core.model.mistakes import KeyPath, Mistake
from core.model.offer import check_offer, notes


def deployment(container: dict[str, Any] | None = None, **changes: Any) -> Deployment:
    values = {
        "name": "shop",
        "worker": "worker.py",
        "containers": [{"binding": "APP", "image": "nginx", **(container or {})}],
    }
    return Deployment.model_validate({**values, **changes})


def mistakes(container: dict[str, Any] | None = None, **changes: Any) -> list[Mistake]:
    return list(check_offer(deployment(container, **changes)))


@pytest.mark.parametrize("profile", ["ga", "beta"])
def test_the_least_is_offered_by_every_profile(profile: str) -> None:
    assert mistakes(profile=profile) == []


def own(vcpu: float, memory_mib: int, disk_mb: int) -> dict[str, Any]:
    return {"instance_type": {"vcpu": vcpu, "memory_mib": memory_mib, "disk_mb": disk_mb}}


def test_an_instance_type_of_ones_own_keeps_the_bounds_of_its_profile() -> None:
    small = own(0.5, 1024, 4000)
    assert [one.path[-1] for one in mistakes(small)] == ["vcpu", "memory_mib"]
    assert mistakes(small, profile="beta") == []
    (found,) = mistakes(own(1, 1024, 4000))
    assert found.path == ("containers", 0, "instance_type", "memory_mib")
    assert found.message.startswith("1024 is not allowed in profile ga; write at least 3072 MiB")


@pytest.mark.parametrize(
    ("constraints", "path", "message"),
    [
        ({"regions": ["ME", "AFR"]}, ("regions",), "ME, OC, AFR have limited capacity"),
        ({"regions": ["WEUR", "ENAM"], "jurisdiction": "eu"}, ("regions", 1), "ENAM lies outside the juris"),
        ({"regions": ["SAM"], "jurisdiction": "fedramp"}, ("regions", 0), "which is ENAM and WNAM"),
    ],
)
def test_constraints_that_the_platform_refuses_are_mistakes(
    constraints: dict[str, Any], path: KeyPath, message: str
) -> None:
    (found,) = mistakes({"constraints": constraints})
    assert found.path == ("containers", 0, "constraints", *path)
    assert message in found.message


@pytest.mark.parametrize(
    "constraints", [{"regions": ["ME", "WEUR"]}, {"regions": ["EEUR"], "jurisdiction": "eu"}]
)
def test_constraints_that_the_platform_takes_are_none(constraints: dict[str, Any]) -> None:
    assert mistakes({"constraints": constraints}) == []


def test_the_beta_has_no_constraints() -> None:
    (found,) = mistakes({"constraints": {"jurisdiction": "eu"}}, profile="beta")
    assert found.path == ("containers", 0, "constraints")
    assert "profile beta has no placement constraints" in found.message


def test_the_beta_wants_one_region_chosen_for_each_class() -> None:
    regions = [{"id": "us-east"}, {"id": "eu-west"}]
    (found,) = mistakes(profile="beta", regions=regions)
    assert found.path == ("containers", 0, "regions")
    assert found.message.endswith('the region is chosen at deployment; write one: regions = ["us-east"]')
    assert mistakes({"regions": ["eu-west"]}, profile="beta", regions=regions) == []
    assert mistakes(profile="ga", regions=regions) == []


@pytest.mark.parametrize(
    ("profile", "instance_type", "most"),
    [("ga", "standard-1", 1_536), ("ga", "standard-2", 1_024), ("beta", "standard-1", 100)],
)
def test_all_instances_together_fit_the_account(profile: str, instance_type: str, most: int) -> None:
    def declared(number: int) -> dict[str, Any]:
        return {"instance_type": instance_type, "max_instances": number}

    assert mistakes(declared(most), profile=profile) == []
    (found,) = mistakes(declared(most + 1), profile=profile)
    assert found.path == ("containers",)
    assert "an account has" in found.message


def test_a_price_of_a_container_hour_is_for_the_beta() -> None:
    prices = {"container_hour_usd": 0.05}
    (found,) = mistakes(prices=prices)
    assert found.path == ("prices", "container_hour_usd")
    assert mistakes(prices=prices, profile="beta") == []


def test_what_the_platform_has_needs_no_note() -> None:
    assert list(notes(deployment())) == []


def test_a_scaling_policy_beyond_the_platform_is_told_to_be_emulated() -> None:
    ((about, said),) = notes(deployment(scaling={"policy": "cpu"}))
    assert about == "scaling"
    assert said.startswith("policy cpu is emulated; the platform has no automatic scaling")


def test_what_the_beta_never_published_is_told_to_be_assumed() -> None:
    said = dict(notes(deployment(profile="beta", prices={"container_hour_usd": "0.05"})))
    assert set(said) == {"profile beta", "prices"}
    assert "$0.05 is assumed" in said["prices"]
    assert "set container_hour_usd" in dict(notes(deployment(profile="beta")))["prices"]
