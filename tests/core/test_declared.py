"""What the first event says of a deployment."""

from core.clock import VirtualClock
from core.containers.drivers.simulated import SimulatedDriver
from core.declared import container_infos, region_infos
from core.model.deployment import Deployment

DEPLOYMENT = Deployment.model_validate(
    {
        "name": "shop",
        "worker": "worker.py",
        "containers": [
            {"binding": "APP", "image": "app:1", "instance_type": "basic", "sleep_after": "5m"},
            {
                "binding": "REPORTS",
                "image": "app:1",
                "regions": ["eu-west"],
                "max_instances": 3,
                "start_policy": "paused",
            },
        ],
        "regions": [{"id": "us-east"}, {"id": "eu-west"}, {"id": "home", "city": "Tokyo"}],
    }
)


def test_a_class_without_regions_may_run_in_all_of_them() -> None:
    app, reports = container_infos(DEPLOYMENT)
    assert app.regions == ("us-east", "eu-west", "home")
    assert reports.regions == ("eu-west",)


def test_a_class_has_the_limits_of_its_instance_type() -> None:
    app, reports = container_infos(DEPLOYMENT)
    assert (app.vcpu, app.memory_mib, app.sleep_after_s) == (0.25, 1024, 300.0)
    assert (reports.vcpu, reports.memory_mib, reports.max_instances) == (0.0625, 256, 3)


def test_a_class_tells_how_its_instances_are_started() -> None:
    assert [one.start_policy for one in container_infos(DEPLOYMENT)] == ["plain", "paused"]


def test_a_region_is_told_with_its_place_and_its_driver() -> None:
    drivers = {one.id: SimulatedDriver(one.id, VirtualClock(), 1) for one in DEPLOYMENT.regions}
    told = region_infos(DEPLOYMENT, drivers)
    assert [(one.id, one.city, one.driver) for one in told] == [
        ("us-east", "Ashburn", "simulated"),
        ("eu-west", "Dublin", "simulated"),
        ("home", "Tokyo", "simulated"),
    ]
