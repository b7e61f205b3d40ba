"""The driver against a real Docker Engine: the life of an instance."""

import asyncio
from dataclasses import replace

import pytest

from core.containers.drivers.docker import labels
from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.driver import DockerDriver
from core.containers.drivers.protocol import (
    ContainerConnectionError,
    InstancePlan,
    StartFailed,
)
from core.http.messages import Request, Response
from tests.core.containers.drivers.docker.conftest import REGION, bring_up, make_plan
from tests.docker_images.busybox import PAGE
from tests.docker_images.engine import container_stats, engine, variant

SERVE = "httpd -f -p 0.0.0.0:$PORT -h /www"


def get(path: str = "/") -> Request:
    return Request("GET", path, [(b"host", b"container")])


async def body_of(response: Response) -> bytes:
    assert response.body is not None
    return b"".join([chunk async for chunk in response.body])


async def test_a_cold_start_ends_with_a_port_that_answers(driver: DockerDriver, busybox_image: str) -> None:
    plan = make_plan(busybox_image)
    await bring_up(driver, plan)
    response = await driver.fetch(plan, get())
    assert (response.status, await body_of(response)) == (200, PAGE)


async def test_a_container_carries_its_limits_marks_and_no_restart_policy(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    plan = make_plan(busybox_image, instance_type="lite", env={"MODE": "test"}, port=9090)
    await bring_up(driver, plan)
    [listed] = await api.containers(labels.label_filter(deployment=driver.deployment))
    described = await api.container(listed["Id"])
    host, config = described["HostConfig"], described["Config"]
    assert (host["Memory"], host["MemorySwap"]) == (256 * 1024**2, 256 * 1024**2)
    assert host["NanoCpus"] == 62_500_000
    assert host["Init"] is True
    assert host["RestartPolicy"]["Name"] in ("", "no")
    assert host["LogConfig"]["Config"] == {"max-size": "4m", "max-file": "2"}
    assert {"PORT=9090", "MODE=test"} <= set(config["Env"])
    owner = labels.Owner.of(config["Labels"])
    assert owner is not None
    assert owner.is_same(labels.Owner.this_process())
    assert config["Labels"][labels.INSTANCE] == "app-1"
    assert config["Labels"][labels.CONTAINER] == "app"
    assert config["Labels"][labels.REGION] == REGION


async def test_an_instance_type_with_more_processors_than_the_host_still_starts(
    driver: DockerDriver, busybox_image: str
) -> None:
    await bring_up(driver, make_plan(busybox_image, instance_type="standard-4"))


async def test_a_published_port_works_where_addresses_do_not(
    driver: DockerDriver, api: EngineApi, busybox_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "_by_address", False)
    slow = variant(api.endpoint.url, busybox_image, ["/bin/sh", "-c", f"sleep 0.4; exec {SERVE}"])
    plan = make_plan(slow)
    await bring_up(driver, plan)
    response = await driver.fetch(plan, get())
    assert (response.status, await body_of(response)) == (200, PAGE)
    [listed] = await api.containers(labels.label_filter(deployment=driver.deployment))
    [published] = [one for one in listed["Ports"] if "PublicPort" in one]
    assert published["IP"] == "127.0.0.1"


async def test_a_program_that_ends_at_once_fails_the_start_with_its_last_words(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    image = variant(
        api.endpoint.url, busybox_image, ["/bin/sh", "-c", "echo no database to talk to >&2; exit 3"]
    )
    with pytest.raises(StartFailed, match=r"exit code 3.*\n.*no database to talk to") as failure:
        await bring_up(driver, make_plan(image))
    assert (failure.value.exit_code, failure.value.out_of_memory) == (3, False)
    assert f"docker run --rm {image}" in failure.value.advice


@pytest.mark.parametrize(
    ("command", "reason", "exit_code"),
    [
        (["/nope"], "starts the program /nope, which is not in it", 127),
        (["/etc/passwd"], "starts /etc/passwd, which may not be executed", 126),
    ],
)
async def test_a_command_that_cannot_be_run_fails_the_start(
    driver: DockerDriver, api: EngineApi, busybox_image: str, command: list[str], reason: str, exit_code: int
) -> None:
    image = variant(api.endpoint.url, busybox_image, command)
    with pytest.raises(StartFailed, match=reason) as failure:
        await bring_up(driver, make_plan(image))
    assert (failure.value.phase, failure.value.exit_code) == ("start", exit_code)


async def test_a_program_on_another_port_fails_with_the_port_it_listens_on(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    image = variant(api.endpoint.url, busybox_image, ["/bin/sh", "-c", "exec httpd -f -p 5000 -h /www"])
    with pytest.raises(StartFailed, match="it listens on port 5000") as failure:
        await bring_up(driver, make_plan(image, ready_timeout="0.5s"))
    assert failure.value.not_listening
    assert "0.0.0.0" in failure.value.advice


async def test_a_killed_program_is_noticed_and_the_instance_can_be_made_again(
    driver: DockerDriver, busybox_image: str
) -> None:
    plan = make_plan(busybox_image)
    await bring_up(driver, plan)
    await driver.kill(plan)
    ended = await driver.wait_until_exit(plan)
    assert (ended.exit_code, ended.out_of_memory) == (137, False)
    with pytest.raises(ContainerConnectionError):
        await driver.fetch(plan, get())
    await driver.remove(plan)
    await bring_up(driver, plan)
    assert (await driver.fetch(plan, get())).status == 200


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("exec sleep 60", "it listens on no port"),
        ("exec httpd -f -p 127.0.0.1:$PORT -h /www", "it listens on 127.0.0.1 only"),
    ],
)
async def test_a_program_that_nobody_can_reach_fails_with_what_is_wrong(
    driver: DockerDriver, api: EngineApi, busybox_image: str, command: str, reason: str
) -> None:
    image = variant(api.endpoint.url, busybox_image, ["/bin/sh", "-c", command])
    with pytest.raises(StartFailed, match=reason) as failure:
        await bring_up(driver, make_plan(image, ready_timeout="0.5s"))
    assert failure.value.not_listening


async def test_a_request_at_a_container_that_is_cut_off_ends_with_its_program(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    plan = make_plan(busybox_image)
    await bring_up(driver, plan)
    [listed] = await api.containers(labels.label_filter(deployment=driver.deployment))
    with engine(api.endpoint.url) as client:
        client.disconnect_container_from_network(listed["Id"], f"hybrid-tui.{driver.deployment}.{REGION}")
    asking = asyncio.ensure_future(driver.fetch(plan, get()))
    await driver.kill(plan)
    with pytest.raises(ContainerConnectionError, match="the program ended") as error:
        await asking
    assert error.value.connected
    with pytest.raises(ContainerConnectionError, match="has ended"):
        await driver.fetch(plan, get())


async def test_a_cancelled_request_stays_cancelled(driver: DockerDriver, busybox_image: str) -> None:
    plan = make_plan(busybox_image)
    await bring_up(driver, plan)
    asking = asyncio.ensure_future(driver.fetch(plan, get()))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_program_that_uses_too_much_memory_is_told_from_a_killed_one(
    driver: DockerDriver, api: EngineApi, python_image: str
) -> None:
    eat = (
        "import socket,os; s=socket.create_server(('',int(os.environ['PORT']))); s.accept(); b'x' * (1 << 30)"
    )
    image = variant(api.endpoint.url, python_image, ["python3", "-c", eat])
    plan = make_plan(image, instance_type="lite")
    await bring_up(driver, plan)
    with pytest.raises(ContainerConnectionError):
        await driver.fetch(plan, get())
    ended = await driver.wait_until_exit(plan)
    assert (ended.exit_code, ended.out_of_memory) == (137, True)


async def test_running_out_of_memory_while_booting_fails_the_start(
    driver: DockerDriver, api: EngineApi, python_image: str
) -> None:
    image = variant(api.endpoint.url, python_image, ["python3", "-c", "b'x' * (1 << 30)"])
    with pytest.raises(StartFailed, match="more memory than") as failure:
        await bring_up(driver, make_plan(image, instance_type="lite"))
    assert failure.value.out_of_memory


async def test_stop_lets_a_program_end_by_itself(driver: DockerDriver, busybox_image: str) -> None:
    plan = make_plan(busybox_image)
    await bring_up(driver, plan)
    await driver.stop(plan, 20)
    assert (await driver.wait_until_exit(plan)).exit_code == 143


async def test_stop_kills_a_program_that_ignores_the_signal(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    image = variant(api.endpoint.url, busybox_image, ["/bin/sh", "-c", f"trap '' TERM; exec {SERVE}"])
    plan = make_plan(image)
    await bring_up(driver, plan)
    await driver.stop(plan, 0.3)
    assert (await driver.wait_until_exit(plan)).exit_code == 137


async def test_stop_kill_and_remove_may_be_called_again_and_for_what_never_was(
    driver: DockerDriver, busybox_image: str
) -> None:
    plan = make_plan(busybox_image)
    for _ in range(2):
        await driver.stop(plan, 1)
        await driver.kill(plan)
        await driver.remove(plan)
    await bring_up(driver, plan)
    for _ in range(2):
        await driver.kill(plan)
        await driver.stop(plan, 1)
    for _ in range(2):
        await driver.remove(plan)


async def test_a_removed_instance_ends_the_wait_for_its_exit(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    plan = make_plan(busybox_image)
    await bring_up(driver, plan)
    waiting = asyncio.ensure_future(driver.wait_until_exit(plan))
    [listed] = await api.containers(labels.label_filter(deployment=driver.deployment))
    await api.remove_container(listed["Id"])
    await asyncio.wait_for(waiting, 20)


@pytest.mark.parametrize("step", ["create", "start"])
async def test_a_cancelled_start_leaves_nothing(
    driver: DockerDriver, api: EngineApi, busybox_image: str, step: str
) -> None:
    plan = make_plan(busybox_image)
    await driver.prepare(plan, lambda _: None)
    if step == "start":
        await driver.create(plan)
    work = asyncio.ensure_future(driver.create(plan) if step == "create" else driver.start(plan))
    await asyncio.sleep(0)
    await api.ping()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert await api.containers(labels.label_filter(deployment=driver.deployment)) == []


async def test_samples_agree_with_the_engines_own_figures(
    driver: DockerDriver, api: EngineApi, python_image: str
) -> None:
    plan = make_plan(python_image)
    await bring_up(driver, plan)
    [listed] = await api.containers(labels.label_filter(deployment=driver.deployment))
    theirs = await asyncio.to_thread(container_stats, api.endpoint.url, listed["Id"])
    [ours] = await driver.samples()
    assert ours.memory_mib == pytest.approx(theirs.memory_mib, rel=0.02, abs=0.5)
    assert ours.cpu_total_s == pytest.approx(theirs.cpu_total_s, rel=0.02, abs=0.02)
    assert ours.memory_limit_mib == theirs.limit_mib == 4096
    assert 0 < ours.app_memory_mib <= ours.memory_mib


def plans(image: str, count: int) -> list[InstancePlan]:
    return [make_plan(image, instance=f"app-{number}") for number in range(1, count + 1)]


async def test_several_instances_start_at_once(driver: DockerDriver, busybox_image: str) -> None:
    several = plans(busybox_image, 4)
    await asyncio.gather(*(bring_up(driver, plan) for plan in several))
    assert {sample.instance for sample in await driver.samples()} == {plan.instance for plan in several}


async def test_the_size_of_the_writable_layer_is_what_the_program_wrote(
    driver: DockerDriver, busybox_image: str
) -> None:
    shell = ("/bin/sh", "-c", "dd if=/dev/zero of=/tmp/upload bs=1000 count=3000; sleep 60")
    plan = replace(make_plan(busybox_image), entrypoint=shell)
    await driver.prepare(plan, lambda _: None)
    await driver.create(plan)
    assert await driver.written_bytes(plan) == 0
    await driver.start(plan)
    while (await driver.written_bytes(plan) or 0) < 3_000_000:
        pass
    await driver.kill(plan)
    assert await driver.written_bytes(plan) == 3_000_000
    await driver.remove(plan)
    assert await driver.written_bytes(plan) is None
