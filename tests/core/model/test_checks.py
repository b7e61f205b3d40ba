from pathlib import Path
from typing import Any

import pytest

from core.model.checks import check_deployment
from core.model.deployment import Deployment, DriverChoice
from core.model.mistakes import Mistake


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "worker.py").touch()
    return tmp_path


def mistakes(folder: Path, driver: DriverChoice = "auto", **changes: Any) -> list[Mistake]:
    values = {
        "name": "shop",
        "worker": "worker.py",
        "containers": [{"binding": "APP", "image": "nginx"}],
        "folder": folder,
    }
    return list(check_deployment(Deployment.model_validate({**values, **changes}), driver))


def test_a_sound_deployment_has_no_mistake(folder: Path) -> None:
    assert mistakes(folder) == []


@pytest.mark.parametrize("main", ["worker.js", "index.ts", "worker.mjs", "worker.mts"])
@pytest.mark.parametrize("runtime", ["auto", "deno", "workerd"])
def test_a_javascript_worker_is_run_by_what_knows_the_language(folder: Path, main: str, runtime: str) -> None:
    (folder / main).touch()
    assert mistakes(folder, worker={"main": main, "runtime": runtime}) == []


@pytest.mark.parametrize(
    ("main", "runtime", "right"), [("worker.py", "deno", "python"), ("index.ts", "python", "deno or workerd")]
)
def test_a_runtime_of_another_language_is_refused_with_what_can(
    folder: Path, main: str, runtime: str, right: str
) -> None:
    (folder / main).touch()
    (found,) = mistakes(folder, worker={"main": main, "runtime": runtime})
    assert found.path == ("worker", "runtime")
    assert found.message == f"{runtime} cannot run {main}; {right} can"


@pytest.mark.parametrize(("main", "said"), [("worker.rb", "is no Worker"), ("worker.cjs", "is CommonJS")])
def test_a_worker_of_another_kind_is_refused(folder: Path, main: str, said: str) -> None:
    assert said in mistakes(folder, worker=main)[0].message


def test_a_worker_that_is_not_there_names_the_nearest_file(folder: Path) -> None:
    (found,) = mistakes(folder, worker="wroker.py")
    assert found.path == ("worker", "main")
    assert found.nearest == "worker.py"


def test_names_may_be_used_once(folder: Path) -> None:
    containers = [{"binding": "APP", "image": "a"}, {"binding": "APP", "image": "b"}]
    regions = [{"id": "us-east"}, {"id": "us-east"}]
    found = mistakes(folder, containers=containers, regions=regions, bindings={"vars": {"APP": "1"}})
    assert [one.path for one in found] == [
        ("containers", 1, "binding"),
        ("containers", 1, "name"),
        ("regions", 1, "id"),
        ("bindings", "vars", "APP"),
    ]


def test_an_unknown_region_names_those_that_there_are(folder: Path) -> None:
    containers = [{"binding": "APP", "image": "a", "regions": ["us-esat"]}]
    (found,) = mistakes(folder, containers=containers)
    assert found.path == ("containers", 0, "regions", 0)
    assert found.nearest == "us-east"


def test_half_a_place_is_refused(folder: Path) -> None:
    (found,) = mistakes(folder, regions=[{"id": "here", "latitude": 1.0}])
    assert found.path == ("regions", 0, "longitude")


def test_a_dockerfile_must_be_there(folder: Path) -> None:
    (found,) = mistakes(folder, containers=[{"binding": "APP", "image": "./Dockerfile"}])
    assert found.path == ("containers", 0, "image")
    (folder / "Dockerfile").touch()
    assert mistakes(folder, containers=[{"binding": "APP", "image": "./Dockerfile"}]) == []


@pytest.mark.parametrize(
    ("driver", "program", "absent"), [("process", "image", "command"), ("docker", "command", "image")]
)
def test_a_driver_asked_for_needs_its_kind_of_program(
    folder: Path, driver: DriverChoice, program: str, absent: str
) -> None:
    containers = [{"binding": "APP", program: "x" if program == "image" else ["x"]}]
    (in_region,) = mistakes(folder, containers=containers, regions=[{"id": "us-east", "driver": driver}])
    (for_all,) = mistakes(folder, driver, containers=containers)
    assert in_region == for_all
    assert for_all.path == ("containers", 0, absent)
    assert mistakes(folder, "simulated", containers=containers) == []
