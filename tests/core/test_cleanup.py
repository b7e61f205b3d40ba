from pathlib import Path

import pytest

from core.cleanup import Removed, clean_up, endpoints_of
from core.runs import STATE_VARIABLE, write_run
from core.templates.write import write_project
from tests.tui.commands.runs import GONE_PID, record


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")


def test_what_was_removed_is_told_one_a_line() -> None:
    removed = Removed(("app-1",), ("hybrid-shop-1", "hybrid-shop-2"), ("hybrid-shop",))
    assert removed.lines == [
        "removed process app-1",
        "removed container hybrid-shop-1",
        "removed container hybrid-shop-2",
        "removed network hybrid-shop",
    ]


def test_docker_is_looked_for_at_every_endpoint_declared(tmp_path: Path) -> None:
    write_project("static", tmp_path / "shop")
    with (tmp_path / "shop" / "hybrid.toml").open("a") as file:
        file.write('[[regions]]\nid = "us-west"\nendpoint = "unix:///run/other.sock"\n')
    write_run(record("shop", GONE_PID, folder=str(tmp_path / "shop")))
    assert endpoints_of("shop") == ["", "unix:///run/other.sock"]


def test_a_project_that_is_gone_leaves_the_usual_endpoint(tmp_path: Path) -> None:
    write_run(record("shop", GONE_PID, folder=str(tmp_path / "nowhere")))
    assert endpoints_of("shop") == [""]
    assert endpoints_of("never-seen") == [""]


async def test_no_docker_matters_only_to_a_deployment_that_used_it() -> None:
    write_run(record("shop", GONE_PID))
    assert (await clean_up("shop")).problems == ()
    write_run(record("shop", GONE_PID, drivers=("docker", "process")))
    (problem,) = (await clean_up("shop")).problems
    assert "docker.sock" in problem
