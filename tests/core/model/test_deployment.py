import re
from decimal import Decimal
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from core.model.deployment import NAME_PATTERN, Container, Deployment, as_name
from core.model.instance_types import INSTANCE_TYPES, InstanceTypeName
from core.profiles.load import load_profile
from core.profiles.profile import ProfileName

LEAST: dict[str, Any] = {
    "name": "shop",
    "worker": "w.py",
    "containers": [{"binding": "MY_APP", "image": "nginx"}],
}


def declared(**changes: Any) -> Deployment:
    return Deployment.model_validate({**LEAST, **changes})


def test_the_least_has_sensible_defaults() -> None:
    deployment = declared()
    assert deployment.worker.main == "w.py"
    assert [one.id for one in deployment.regions] == ["us-east"]
    container = deployment.containers[0]
    assert (container.name, container.port, container.sleep_after) == ("my-app", 8080, 600.0)
    assert container.limits == INSTANCE_TYPES["lite"]


def test_a_name_given_wins_over_the_binding() -> None:
    assert declared(containers=[{"binding": "A", "name": "web", "image": "x"}]).containers[0].name == "web"


@pytest.mark.parametrize("binding", ["_", "A_" * 40, "MY__APP_"])
def test_every_valid_binding_gives_a_valid_name(binding: str) -> None:
    (container,) = declared(containers=[{"binding": binding, "image": "x"}]).containers
    assert re.fullmatch(NAME_PATTERN, container.name)


@pytest.mark.parametrize(
    ("text", "name"), [("Shop", "shop"), ("My Shop!", "my-shop"), ("日本", ""), ("--a--", "a")]
)
def test_a_text_is_made_a_name(text: str, name: str) -> None:
    assert as_name(text) == name


def test_an_older_instance_type_means_its_newer_name() -> None:
    container = Container(binding="A", image="x", instance_type="dev")  # type: ignore[arg-type]
    assert container.instance_type == "lite"


@pytest.mark.parametrize(("latency", "scale"), [("real", 1.0), ("off", 0.0), (2.5, 2.5), (0, 0.0)])
def test_latency_is_a_factor_on_round_trips(latency: str | float, scale: float) -> None:
    assert declared(latency=latency).latency_scale == scale


def test_a_container_needs_a_program() -> None:
    with pytest.raises(ValidationError, match="an image"):
        declared(containers=[{"binding": "A"}])


def test_every_instance_type_can_be_declared() -> None:
    assert set(get_args(InstanceTypeName)) == INSTANCE_TYPES.keys()
    for name, limits in INSTANCE_TYPES.items():
        (container,) = declared(containers=[{"binding": "A", "image": "x", "instance_type": name}]).containers
        assert container.limits == limits


def test_an_instance_type_of_ones_own_says_what_an_instance_may_use() -> None:
    own = {"vcpu": 2, "memory_mib": 6144, "disk_mb": 9000}
    (container,) = declared(containers=[{"binding": "A", "image": "x", "instance_type": own}]).containers
    assert container.limits == ("custom", 2, 6144, 9000)


@pytest.mark.parametrize("profile", get_args(ProfileName))
def test_what_a_deployment_leaves_open_is_as_its_profile_has_it(profile: str) -> None:
    container, defaults = declared(profile=profile).containers[0], load_profile(profile).defaults
    assert container.instance_type == defaults.instance_type
    assert container.max_instances == defaults.max_instances
    assert (container.sleep_after, container.ready_timeout) == (
        defaults.sleep_after_s,
        defaults.ready_timeout_s,
    )


@pytest.mark.parametrize(("written", "exact"), [(0.05, "0.05"), (1, "1"), ("0.1234567", "0.1234567")])
def test_a_price_is_taken_as_it_was_written(written: object, exact: str) -> None:
    assert declared(prices={"container_hour_usd": written}).prices.container_hour_usd == Decimal(exact)


def test_a_platform_region_may_be_written_in_small_letters() -> None:
    (container,) = declared(
        containers=[{"binding": "A", "image": "x", "constraints": {"regions": ["weur"]}}]
    ).containers
    assert container.constraints.regions == ("WEUR",)


def models_in(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = {model}
    for field in model.model_fields.values():
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                found |= models_in(part)
    return found


def test_every_field_is_described() -> None:
    bare = [
        f"{model.__name__}.{name}"
        for model in models_in(Deployment)
        for name, field in model.model_fields.items()
        if not field.description
    ]
    assert bare == []


def test_the_schema_has_what_a_file_may_hold_and_no_more() -> None:
    assert "folder" not in Deployment.model_json_schema()["properties"]
