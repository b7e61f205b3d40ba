"""Named instances as containers of a real Docker Engine: ports, entrypoint, signals, and no way out."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from core.clock import RealClock
from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.driver import DockerDriver
from core.containers.drivers.docker.labels import label_filter
from core.events.types import ColdStart
from tests.core.containers import rig as rigs
from tests.core.containers.drivers.docker.conftest import REGION, left_of
from tests.core.containers.rig import Rig

SERVE = "exec httpd -f -p 0.0.0.0:$PORT -h /www"
TWO_PORTS = ["/bin/sh", "-c", f"httpd -p 0.0.0.0:9090 -h /www; {SERVE}"]
LEAVES_ON_HANGUP = ["/bin/sh", "-c", "trap 'exit 9' HUP; httpd -p 0.0.0.0:$PORT -h /www; sleep 60 & wait"]

Running = Callable[..., AbstractAsyncContextManager[Rig]]


@pytest.fixture
def running(api: EngineApi, deployment: str, busybox_image: str) -> Running:
    @asynccontextmanager
    async def run(**container: Any) -> AsyncIterator[Rig]:
        declared = rigs.deployment(image=busybox_image, instance_type="standard-1", **container)
        driver = DockerDriver(deployment, REGION, endpoint=api.endpoint.url)
        rig = Rig(declared, RealClock(), {REGION: driver})
        await rig.fleet.open()
        try:
            yield rig
        finally:
            await rig.fleet.close()
        assert await left_of(api, deployment) == []

    return run


async def test_names_have_containers_of_their_own_that_show_the_name(
    running: Running, api: EngineApi, deployment: str
) -> None:
    async with running() as rig:
        assert [(await rig.call(name))[0] for name in ("user-1", "User 2", "user-1")] == [200] * 3
        listed = await api.containers(label_filter(deployment=deployment))
        names = sorted(one["Names"][0].removeprefix(f"/hybrid-tui.{deployment}.") for one in listed)
    assert names[0] == "app-user-1"
    assert names[1].startswith("app-user-2_")
    assert len(rig.seen.of(ColdStart)) == len(names) == 2


async def test_every_port_of_a_container_is_reached_and_one_without_a_listener_is_told(
    running: Running,
) -> None:
    async with running() as rig:
        await rig.operate("user-1", "start", wait=True, entrypoint=TWO_PORTS)
        assert (await rig.call("user-1", port=9090))[0] == 200
        assert await rig.call("user-1", port=9091) == (
            500,
            "Error proxying request to container: "
            "The container is not listening in the TCP address 10.0.0.1:9091",
        )
        assert await rig.status_of("user-1") == "healthy"


async def test_of_a_published_port_no_other_is_reached(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.containers.drivers.docker.driver.reaches_containers", lambda *_: False)
    async with running() as rig:
        await rig.operate("user-1", "start", wait=True, entrypoint=TWO_PORTS)
        assert (await rig.call("user-1", port=8080))[0] == 200
        assert (await rig.call("user-1", port=9090))[0] == 500


async def test_without_internet_there_is_no_way_out_and_requests_still_come_in(
    running: Running, api: EngineApi, deployment: str
) -> None:
    async with running() as rig:
        await rig.call("target")
        [target] = await api.containers(label_filter(deployment=deployment))
        [network] = target["NetworkSettings"]["Networks"].values()
        knock = [
            "/bin/sh",
            "-c",
            f"nc -w 1 {network['IPAddress']} 8080 </dev/null; echo $? >/www/left; {SERVE}",
        ]
        left = {}
        for name, internet in (("open", True), ("shut", False), ("shut-2", False)):
            await rig.operate(name, "start", wait=True, entrypoint=knock, enable_internet=internet)
            left[name] = await rig.call(name, "/left")
    assert left == {"open": (200, "0\n"), "shut": (200, "1\n"), "shut-2": (200, "1\n")}


async def test_any_signal_reaches_the_program_and_its_end_is_told(running: Running) -> None:
    async with running() as rig:
        await rig.operate("user-1", "start", wait=True, entrypoint=LEAVES_ON_HANGUP)
        await rig.operate("user-1", "signal", signal=1)
        await rig.seen.until_state("app-user-1", "stopped")
        [told] = await rig.until_signals(1)
        assert (told.kind, told.exit_code, told.reason) == ("stopped", 9, "runtime_signal")
        status, state = await rig.operate("user-1", "state")
        assert (status, state["status"], state["exit_code"]) == (200, "stopped_with_code", 9)


async def test_env_of_the_start_goes_over_what_is_declared(running: Running) -> None:
    show = ["/bin/sh", "-c", f"env > /www/env; {SERVE}"]
    async with running(env={"MODE": "declared", "KEPT": "yes"}) as rig:
        await rig.operate("user-1", "start", wait=True, env={"MODE": "mine"}, entrypoint=show, port=9000)
        _, environment = await rig.call("user-1", "/env")
    assert {"MODE=mine", "KEPT=yes", "PORT=9000"} <= set(environment.splitlines())


async def test_destroying_ends_it_at_once_and_removes_its_container(
    running: Running, api: EngineApi, deployment: str
) -> None:
    async with running() as rig:
        await rig.call("user-1")
        _, state = await rig.operate("user-1", "destroy")
        assert (state["status"], state["exit_code"]) == ("stopped_with_code", 137)
        assert await api.containers(label_filter(deployment=deployment)) == []


async def test_a_job_that_never_listens_may_end_well(running: Running) -> None:
    async with running(ready_timeout="0.2s") as rig:
        await rig.operate("job", "start", entrypoint=["/bin/sleep", "0.5"])
        await rig.seen.until_state("app-job", "stopped")
        [told] = await rig.until_signals(1)
        assert (told.kind, told.exit_code, told.reason) == ("stopped", 0, "exit")
