"""Which driver a region gets, and why."""

from pathlib import Path
from typing import Any

import pytest

from core.clock import VirtualClock
from core.containers.drivers.docker import Diagnosis
from core.containers.drivers.select import choose, select_drivers
from core.model.deployment import Deployment, DriverChoice

UP = Diagnosis(True, "unix:///run/docker.sock", "default", "Docker Engine 29 answers.", version="29")
DOWN = Diagnosis(False, "unix:///run/docker.sock", "default", "No Docker Engine answers.", "Start it.")


def declare(*containers: dict[str, Any], regions: list[dict[str, Any]] | None = None) -> Deployment:
    named = [{"binding": f"C{number}", **one} for number, one in enumerate(containers)]
    return Deployment.model_validate(
        {
            "name": "shop",
            "worker": "worker.py",
            "containers": named,
            "regions": regions or [{"id": "us-east"}],
            "folder": Path(),
        }
    )


IMAGE, COMMAND = {"image": "shop"}, {"command": ["program"]}
BOTH = IMAGE | COMMAND


@pytest.mark.parametrize(
    ("containers", "docker", "driver", "words"),
    [
        ([BOTH], UP, "docker", "answers"),
        ([IMAGE], UP, "docker", "answers"),
        ([BOTH], DOWN, "process", "No Docker Engine answers."),
        ([IMAGE], DOWN, "docker", "No command is declared for c0."),
        ([COMMAND], None, "process", "no image is declared for c0"),
        ([BOTH, COMMAND], UP, "process", "no image is declared for c1"),
    ],
)
def test_auto_takes_docker_where_it_can_run_everything(
    containers: list[dict[str, Any]], docker: Diagnosis | None, driver: str, words: str
) -> None:
    choice = choose("us-east", "auto", "auto", declare(*containers).containers, docker)
    assert choice.driver == driver
    assert words in choice.reason


def test_what_cannot_run_until_docker_comes_has_advice_for_both_ways() -> None:
    choice = choose("us-east", "auto", "auto", declare(IMAGE).containers, DOWN)
    assert "Start it." in choice.advice
    assert "add a command" in choice.advice


@pytest.mark.parametrize(
    ("wanted", "override", "reason"),
    [("docker", "auto", "as hybrid.toml says"), ("simulated", "simulated", "as --driver says")],
)
def test_an_explicit_driver_is_taken_without_asking(
    wanted: DriverChoice, override: DriverChoice, reason: str
) -> None:
    choice = choose("us-east", wanted, override, declare(BOTH).containers, None)
    assert (choice.driver, choice.reason) == (wanted, reason)


async def _lost(region: str, message: str, advice: str) -> None:
    raise AssertionError(f"{region} was lost: {message} {advice}")


async def test_each_region_gets_its_own_driver_in_the_declared_order() -> None:
    regions = [
        {"id": "eu-west", "driver": "simulated"},
        {"id": "us-east", "driver": "process"},
        {"id": "ap-south", "driver": "docker"},
    ]
    selection = await select_drivers(declare(BOTH, regions=regions), "auto", VirtualClock(), 1, _lost)
    assert {region: driver.name for region, driver in selection.drivers.items()} == {
        "eu-west": "simulated",
        "us-east": "process",
        "ap-south": "docker",
    }
    assert [choice.region for choice in selection.choices] == ["eu-west", "us-east", "ap-south"]
    assert [driver.kind for driver in selection.drivers.values()] == ["emulated", "measured", "measured"]


async def test_an_option_goes_for_every_region() -> None:
    regions = [{"id": "eu-west", "driver": "docker"}, {"id": "us-east"}]
    selection = await select_drivers(declare(BOTH, regions=regions), "simulated", VirtualClock(), 1, _lost)
    assert {driver.name for driver in selection.drivers.values()} == {"simulated"}


async def test_where_no_engine_answers_the_program_runs_as_a_process(tmp_path: Path) -> None:
    regions = [{"id": "us-east", "endpoint": f"unix://{tmp_path}/none.sock"}]
    selection = await select_drivers(declare(BOTH, regions=regions), "auto", VirtualClock(), 1, _lost)
    (choice,) = selection.choices
    assert choice.driver == "process"
    assert "none.sock" in choice.reason
