from typing import Any

import pytest

from core.model.deployment import Deployment
from core.model.mistakes import KeyPath, Mistake
from core.model.scaling_checks import check_scaling

SCHEDULE = [{"at": "08:00", "instances": 3}, {"at": "20:00", "instances": 0}]


def mistakes(scaling: dict[str, Any], **container: Any) -> list[Mistake]:
    return list(
        check_scaling(
            Deployment.model_validate(
                {
                    "name": "shop",
                    "worker": "worker.py",
                    "containers": [{"binding": "APP", "image": "nginx", **container}],
                    "scaling": scaling,
                }
            )
        )
    )


@pytest.mark.parametrize(
    "scaling",
    [
        {},
        {"instances": 3, "max_instances_per_region": 3},
        {"policy": "concurrency", "target_concurrency": 4, "min_instances": 2, "max_instances_per_region": 2},
        {"policy": "cpu", "target_cpu_percent": 50},
        {"policy": "queue", "target_queue": 2, "cool_down": "5s"},
        {"policy": "schedule", "schedule": SCHEDULE},
    ],
)
def test_keys_that_go_together_are_no_mistake(scaling: dict[str, Any]) -> None:
    assert mistakes(scaling) == []


@pytest.mark.parametrize(
    ("scaling", "path", "message"),
    [
        ({"schedule": SCHEDULE}, ("schedule",), 'is for policy = "schedule" only, and the policy is "fixed"'),
        ({"policy": "cpu", "instances": 2}, ("instances",), 'for policy = "fixed" only'),
        ({"policy": "cpu", "target_queue": 2}, ("target_queue",), 'for policy = "queue" only'),
        ({"policy": "schedule"}, ("schedule",), "is missing: the policy is schedule; write schedule = ["),
        ({"min_instances": 3, "max_instances_per_region": 2}, ("min_instances",), "3 is more than max_inst"),
        ({"min_instances": 21}, ("min_instances",), "21 is more than max_instances of a class, which is 20"),
        ({"instances": 3, "max_instances_per_region": 2}, ("instances",), "3 is more than"),
        (
            {"policy": "schedule", "schedule": SCHEDULE, "max_instances_per_region": 2},
            ("schedule", 0, "instances"),
            "3 is more than max_instances_per_region, which is 2",
        ),
        (
            {"policy": "schedule", "schedule": [*SCHEDULE, SCHEDULE[0]]},
            ("schedule", 2, "at"),
            "08:00 is here for the second time",
        ),
    ],
)
def test_keys_that_do_not_go_together_are_a_mistake_each(
    scaling: dict[str, Any], path: KeyPath, message: str
) -> None:
    (found,) = mistakes(scaling)
    assert found.path == ("scaling", *path)
    assert message in found.message


@pytest.mark.parametrize("policy", ["created", "shared", "paused"])
def test_a_policy_that_starts_what_is_prepared_needs_something_prepared(policy: str) -> None:
    (found,) = mistakes({}, start_policy=policy, prepared=0)
    assert found.path == ("containers", 0, "prepared")
    assert mistakes({}, start_policy=policy) == []


def test_what_is_prepared_may_wait_for_its_policy() -> None:
    assert mistakes({}, start_policy="plain", prepared=3) == []


def test_no_more_is_prepared_than_may_run() -> None:
    (found,) = mistakes({}, start_policy="paused", prepared=3, max_instances=2)
    assert found.message == "3 is more than max_instances, which is 2"
