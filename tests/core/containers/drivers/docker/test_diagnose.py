"""What is found of an Engine, and what is removed of a deployment."""

import asyncio
import socket
from pathlib import Path

import pytest

from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.diagnose import diagnose, remove_everything
from core.containers.drivers.docker.driver import DockerDriver
from core.containers.drivers.protocol import DriverUnavailable
from core.http.messages import Request, Response, text_response
from core.http.server import serve
from tests.core.containers.drivers.docker.conftest import bring_up, left_of, make_plan


async def test_an_engine_that_answers_is_told_with_its_version(docker_engine: str) -> None:
    found = await diagnose(docker_engine)
    assert (found.reachable, found.permitted, found.endpoint) == (True, True, docker_engine)
    assert found.version in found.message
    assert found.api_version.startswith("1.")
    assert found.platform


async def test_no_socket_is_told_with_its_path_and_what_to_do(tmp_path: Path) -> None:
    found = await diagnose(f"unix://{tmp_path}/docker.sock")
    assert not found.reachable
    assert found.permitted
    assert f"there is no socket unix://{tmp_path}/docker.sock" in found.message
    assert "--driver process" in found.advice


async def test_a_socket_without_an_engine_behind_it_refuses(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "docker.sock"))
    found = await diagnose(f"unix://{tmp_path}/docker.sock")
    assert not found.reachable
    assert "connection refused" in found.message


async def test_the_endpoint_comes_from_the_environment_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    found = await diagnose()
    assert found.source == "the variable DOCKER_HOST"
    assert "the variable DOCKER_HOST" in found.message


async def test_an_address_of_no_known_kind_is_told_and_not_raised() -> None:
    found = await diagnose("docker.example:2375")
    assert not found.reachable
    assert "of no known kind" in found.message
    assert "tcp://" in found.advice


async def test_another_program_that_answers_is_no_engine() -> None:
    async def refuse(request: Request) -> Response:
        return text_response(404, "no such page")

    server = await serve(refuse)
    found = await diagnose(f"tcp://127.0.0.1:{server.port}")
    await server.stop()
    assert not found.reachable
    assert "no Docker Engine" in found.message


async def test_a_program_that_answers_with_something_else_is_no_engine() -> None:
    async def greet(request: Request) -> Response:
        return text_response(200, "<html>welcome</html>")

    server = await serve(greet)
    found = await diagnose(f"tcp://127.0.0.1:{server.port}")
    await server.stop()
    assert not found.reachable
    assert "no Docker Engine" in found.message


async def test_everything_of_a_deployment_is_removed_and_named_whoever_made_it(
    api: EngineApi, deployment: str, busybox_image: str
) -> None:
    drivers = [DockerDriver(deployment, region, endpoint=api.endpoint.url) for region in ("us", "eu")]
    for number, driver in enumerate(drivers, 1):
        await driver.open()
        await bring_up(driver, make_plan(busybox_image, instance=f"app-{number}"))
    removed = await remove_everything(deployment, api.endpoint.url)
    assert removed.containers == tuple(f"hybrid-tui.{deployment}.app-{number}" for number in (1, 2))
    assert removed.networks == tuple(f"hybrid-tui.{deployment}.{region}" for region in ("eu", "us"))
    assert await left_of(api, deployment) == []
    again = await remove_everything(deployment, api.endpoint.url)
    assert (again.containers, again.networks) == ((), ())
    await asyncio.gather(*(driver.close() for driver in drivers))


async def test_removing_where_no_engine_is_raises_with_advice(tmp_path: Path) -> None:
    with pytest.raises(DriverUnavailable, match="no socket") as error:
        await remove_everything("shop", f"unix://{tmp_path}/docker.sock")
    assert error.value.advice
