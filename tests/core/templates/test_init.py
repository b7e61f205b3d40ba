import importlib
import subprocess
import tomllib
from pathlib import Path

import pytest

import core.templates
from core.geo.check import problems
from core.model.load import load_deployment
from core.templates import TEMPLATES, template_folder


def test_every_folder_is_a_template_and_every_template_a_folder() -> None:
    home = Path(core.templates.__file__).parent
    assert {one.parent.name for one in home.glob("*/hybrid.toml")} == TEMPLATES.keys()


def test_an_unknown_template_is_no_folder() -> None:
    with pytest.raises(KeyError):
        template_folder("../model")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_is_a_sound_deployment_of_its_own_name(template: str) -> None:
    deployment = load_deployment(template_folder(template), checks=[problems])
    assert deployment.name == template
    assert deployment.traffic.requests_per_second > 0


@pytest.mark.parametrize("driver", ["docker", "process"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_runs_on_every_driver(template: str, driver: str) -> None:
    load_deployment(template_folder(template), driver=driver)  # type: ignore[arg-type]


@pytest.mark.parametrize("template", [one for one in TEMPLATES if one != "typescript"])
def test_a_worker_is_valid_python_and_answers_the_api_itself(template: str) -> None:
    source = (template_folder(template) / "worker.py").read_text()
    compile(source, "worker.py", "exec")
    assert 'path.startswith("/api/")' in source
    assert "class Default(WorkerEntrypoint)" in source


@pytest.mark.parametrize("check", [["fmt", "--check", "--line-width", "110"], ["lint"]], ids="-".join)
def test_the_worker_in_typescript_is_sound(check: list[str]) -> None:
    deno = importlib.import_module("deno").find_deno_bin()
    worker = template_folder("typescript") / "worker.ts"
    done = subprocess.run([deno, *check, worker], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_worker_in_typescript_exports_the_class_of_its_container() -> None:
    deployment = load_deployment(template_folder("typescript"))
    (container,) = deployment.containers
    assert deployment.worker.runtime_name == "deno"
    source = (template_folder("typescript") / deployment.worker.main).read_text()
    assert f"export class {container.class_name} extends Container" in source
    assert f"defaultPort = {container.port};" in source


def test_both_templates_with_flask_run_the_same_program() -> None:
    for name in ("app.py", "requirements.txt", "Dockerfile"):
        assert (template_folder("typescript") / name).read_text() == (
            template_folder("flask") / name
        ).read_text()


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_dockerfile_takes_its_base_as_an_argument(template: str) -> None:
    first, second = (template_folder(template) / "Dockerfile").read_text().splitlines()[:2]
    assert first == "ARG BASE=python:3.13-slim"
    assert second == "FROM ${BASE}"


def test_the_demo_needs_no_docker() -> None:
    declared = tomllib.loads((template_folder("demo") / "hybrid.toml").read_text())
    assert {region["driver"] for region in declared["regions"]} == {"process"}


def test_the_demo_has_a_visitor_in_tokyo_who_is_near_one_region_and_far_from_his_account() -> None:
    deployment = load_deployment(template_folder("demo"), checks=[problems])
    accounts = next(one for one in deployment.containers if one.binding == "ACCOUNTS")
    shop = next(one for one in deployment.containers if one.binding == "SHOP")
    assert accounts.regions == ("us-east",)
    assert shop.regions == ()
    assert "ap-northeast" in [region.id for region in deployment.regions]
    assert deployment.traffic.cities["Tokyo"] >= 1
    assert "/account" in [one.path for one in deployment.traffic.paths]
