"""The flask template, and a program that misbehaves, as containers of a real Docker Engine."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from core.containers.drivers.docker.labels import DEPLOYMENT
from core.events.types import (
    ColdStart,
    InstanceChanged,
    InstanceSample,
    Notice,
    RegionChanged,
    RequestFinished,
)
from core.http.client import PooledClient
from core.http.messages import Request
from tests.docker_images.engine import container_stats, engine
from tests.docker_images.own_engine import OwnEngine
from tests.docker_images.python import ensure_python_image
from tests.end_to_end.projects import PROGRAMS
from tests.end_to_end.running import Running, hybrid_tui, up
from tests.end_to_end.test_load import address, get, zeros

PHASES = ["queue", "image", "create", "start", "boot", "first_response"]
MIB = 1 << 20
VISITORS = 4
BODY_BYTES = 256 * MIB
NO_INSTANCE = "There is no Container instance available at this time."

WORKER = """
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await self.env.APP.fetch(request)
"""

DECLARED = """
name = "{name}"
latency = "off"
worker = {{ main = "worker.py", limits = {{ request_body_mb = 300 }} }}

[[containers]]
binding = "APP"
image = "./Dockerfile"
build_args = {{ BASE = "{base}" }}
instance_type = "{instance_type}"

[[regions]]
id = "us-east"
driver = "docker"
endpoint = "{endpoint}"
"""

DOCKERFILE = """
ARG BASE
FROM ${BASE}
COPY torture.py .
ENV HOST=0.0.0.0
CMD ["python3", "torture.py"]
"""


def write_project(
    folder: Path, name: str, base: str, *, instance_type: str = "standard-1", endpoint: str = ""
) -> Path:
    """Write a project whose container runs the program ``torture.py``, and return its folder."""
    folder.mkdir()
    declared = DECLARED.format(name=name, base=base, instance_type=instance_type, endpoint=endpoint)
    (folder / "hybrid.toml").write_text(declared)
    (folder / "worker.py").write_text(WORKER)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "torture.py").write_bytes((PROGRAMS / "torture.py").read_bytes())
    return folder


def left_on(endpoint: str, deployment: str) -> list[str]:
    """Return the names of all containers and networks that carry the deployment's label."""
    chosen = {"label": f"{DEPLOYMENT}={deployment}"}
    with engine(endpoint) as client:
        containers = client.containers(all=True, filters=chosen)
        networks = client.networks(filters=chosen)
    return [name for one in containers for name in one["Names"]] + [one["Name"] for one in networks]


def container_name(deployment: str) -> str:
    """Return the name of the first instance's container."""
    return f"hybrid-tui.{deployment}.app-1"


def container_id(endpoint: str, deployment: str) -> str:
    """Return the id of the first instance's container."""
    with engine(endpoint) as client:
        return str(client.inspect_container(container_name(deployment))["Id"])


async def ask(running: Running, path: str) -> httpx.Response:
    """Make one request of the running deployment."""
    async with httpx.AsyncClient(base_url=await running.url(), timeout=60.0) as client:
        return await client.get(path)


async def test_the_flask_template_runs_in_containers_built_from_its_own_dockerfile(
    tmp_path: Path, docker_engine: str, python_image: str, deployment: str
) -> None:
    project = tmp_path / deployment
    assert hybrid_tui(tmp_path, "new", str(project), "--template", "flask").returncode == 0
    declared = (project / "hybrid.toml").read_text()
    built_on = f'image = "./Dockerfile"\nbuild_args = {{ BASE = "{python_image}" }}\n#'
    (project / "hybrid.toml").write_text(
        declared.replace('image = "./Dockerfile"', built_on).replace(
            "requests_per_second = 2", "requests_per_second = 0"
        )
    )
    async with up(project, "--driver", "docker") as running:
        api = await ask(running, "/api/time")
        page = await ask(running, "/")
        assert (api.status_code, page.status_code) == (200, 200)
        assert "time" in api.json()
        assert "Flask" in page.text
        assert page.headers["server"].startswith("Werkzeug")

        start = await running.wait_for(ColdStart)
        assert (start.driver, start.outcome, start.waited) == ("docker", "ready", 1)
        check_phases(start)
        request = await running.wait_for(RequestFinished, lambda one: one.path == "/")
        assert (request.outcome, request.instance) == ("container", "app-1")
        hops = [hop.name for hop in request.trace]
        expected = ["visitor_to_edge", "edge", "worker", "edge_to_region", "cold_start_wait", "container"]
        assert sorted(hops) == sorted(expected)

        theirs = await asyncio.to_thread(container_stats, docker_engine, container_name(deployment))
        since = len(running.all(InstanceSample))
        ours = (await running.wait_for_count(InstanceSample, since + 1))[-1]
        assert ours.kind == "measured"
        assert ours.memory_mib == pytest.approx(theirs.memory_mib, rel=0.02, abs=1.0)
        assert ours.memory_limit_mib == theirs.limit_mib == 256
        assert ours.cpu_total_s == pytest.approx(theirs.cpu_total_s, rel=0.1, abs=0.1)
        assert await running.stop() == 0
    assert left_on(docker_engine, deployment) == []


def check_phases(start: ColdStart) -> None:
    """Check that the phases are all there, measured, and follow one another without a gap."""
    assert [phase.name for phase in start.phases] == PHASES
    assert {phase.kind for phase in start.phases} == {"measured"}
    ends = [phase.start_ms + phase.duration_ms for phase in start.phases]
    assert [phase.start_ms for phase in start.phases[1:]] == pytest.approx(ends[:-1], abs=1.0)
    assert start.total_ms == pytest.approx(start.phases[-1].start_ms, abs=1.0)
    by_name = {phase.name: phase.duration_ms for phase in start.phases}
    assert min(by_name["image"], by_name["create"], by_name["start"], by_name["boot"]) > 0


async def test_large_bodies_and_an_upgraded_connection_pass_through_a_container(
    tmp_path: Path, docker_engine: str, python_image: str, deployment: str
) -> None:
    async with up(write_project(tmp_path / "p", deployment, python_image)) as running:
        url, client = await running.url(), PooledClient()
        assert await get(client, url, f"/give/{BODY_BYTES}") == (200, BODY_BYTES)
        headers = [(b"host", b"localhost"), (b"content-length", str(BODY_BYTES).encode())]
        taken = await client.fetch(address(url), Request("POST", "/take", headers, zeros(BODY_BYTES)))
        assert taken.body is not None
        assert b"".join([part async for part in taken.body]) == str(BODY_BYTES).encode()
        await client.close()
        await exchange(url, [b"hello", bytes(range(256)) * 1000])
        finished = await running.wait_for_count(RequestFinished, 3)
        assert (finished[0].response_bytes, finished[1].request_bytes) == (BODY_BYTES, BODY_BYTES)
        assert (finished[2].status, finished[2].instance) == (101, "app-1")


async def exchange(url: str, messages: Sequence[bytes]) -> None:
    """Upgrade a connection, and see that every byte sent on it comes back."""
    client = PooledClient()
    headers = [(b"host", b"localhost"), (b"connection", b"upgrade"), (b"upgrade", b"echo")]
    response = await client.fetch(address(url), Request("GET", "/upgrade", headers))
    assert response.status == 101
    assert response.tunnel is not None
    for message in messages:
        await response.tunnel.write(message)
        back = b""
        while len(back) < len(message):
            part = await response.tunnel.read()
            assert part
            back += part
        assert back == message
    await response.tunnel.close()
    await client.close()


async def test_a_container_killed_from_outside_is_answered_for_and_started_again(
    tmp_path: Path, docker_engine: str, python_image: str, deployment: str
) -> None:
    async with up(write_project(tmp_path / "p", deployment, python_image)) as running:
        assert (await ask(running, "/")).status_code == 200
        hanging = asyncio.create_task(ask(running, "/hang"))
        while (await ask(running, "/hanging")).text != "1":
            pass
        with engine(docker_engine) as client:
            client.kill(container_name(deployment))
        answer = await hanging
        assert (answer.status_code, answer.text) == (500, "Container suddenly disconnected, try again")
        ended = await running.wait_for(InstanceChanged, lambda one: one.state == "failed")
        assert (ended.exit_code, ended.out_of_memory) == (137, False)
        assert (await ask(running, "/")).status_code == 200
        assert len(await running.wait_for_count(ColdStart, 2)) == 2
    assert left_on(docker_engine, deployment) == []


async def test_a_container_that_takes_too_much_memory_is_killed_and_told_so(
    tmp_path: Path, docker_engine: str, python_image: str, deployment: str
) -> None:
    project = write_project(tmp_path / "p", deployment, python_image, instance_type="lite")
    async with up(project) as running:
        assert (await ask(running, "/eat")).status_code == 500
        ended = await running.wait_for(
            InstanceChanged, lambda one: one.out_of_memory and one.state == "failed"
        )
        assert ended.exit_code == 137
        told = await running.wait_for(Notice, lambda one: "out of memory" in one.message)
        assert "instance_type" in told.advice
        assert (await ask(running, "/")).status_code == 200


async def test_what_a_killed_engine_leaves_is_removed_by_the_next_one_and_by_down(
    tmp_path: Path, docker_engine: str, python_image: str, deployment: str
) -> None:
    project = write_project(tmp_path / "p", deployment, python_image)
    left: set[str] = set()
    for _ in range(2):
        async with up(project) as running:
            assert (await ask(running, "/")).status_code == 200
            left.add(container_id(docker_engine, deployment))
            await running.stop(signal.SIGKILL)
        assert len(left_on(docker_engine, deployment)) == 2
    assert len(left) == 2
    down = hybrid_tui(tmp_path, "down", deployment)
    assert (down.returncode, down.stderr) == (0, "")
    assert container_name(deployment) in down.stdout
    assert left_on(docker_engine, deployment) == []


async def test_a_docker_engine_that_dies_under_load_makes_its_region_unavailable_until_it_is_back(
    tmp_path: Path, own_engine: OwnEngine, python_image: str, deployment: str
) -> None:
    base = await asyncio.to_thread(ensure_python_image, own_engine.endpoint)
    project = write_project(tmp_path / "p", deployment, base, endpoint=own_engine.endpoint)
    async with up(project) as running, visitors(await running.url()) as statuses:
        await until_count(statuses, 200, VISITORS)
        await own_engine.kill()
        lost = await running.wait_for(RegionChanged, lambda one: one.state == "unavailable")
        assert own_engine.endpoint in lost.message
        told = await running.wait_for(Notice, lambda one: one.subject == "us-east" and one.level == "error")
        assert (told.message, told.advice) == (lost.message, lost.advice)
        answer = await ask(running, "/")
        assert (answer.status_code, answer.text) == (503, NO_INSTANCE)

        await own_engine.start()
        await running.wait_for(RegionChanged, lambda one: one.state == "ready" and one.time_s > lost.time_s)
        assert (await ask(running, "/")).status_code == 200
        statuses.clear()
        await until_count(statuses, 200, 10 * VISITORS)
        assert set(statuses) == {200}
    assert running.process.returncode == 0
    assert left_on(own_engine.endpoint, deployment) == []


@asynccontextmanager
async def visitors(url: str) -> AsyncIterator[list[int]]:
    """Let visitors ask without a pause, and give the list that the statuses of their answers are put in."""
    client, statuses, over = PooledClient(), list[int](), asyncio.Event()

    async def visitor() -> None:
        while not over.is_set():
            statuses.append((await get(client, url, "/"))[0])

    async with asyncio.TaskGroup() as group:
        for _ in range(VISITORS):
            group.create_task(visitor())
        try:
            yield statuses
        finally:
            over.set()
    await client.close()


async def until_count(statuses: list[int], status: int, count: int) -> None:
    """Wait until so many answers had this status."""
    async with asyncio.timeout(60):
        while statuses.count(status) < count:
            await asyncio.sleep(0.01)


async def test_an_image_whose_registry_cannot_be_reached_is_a_notice_with_advice(
    tmp_path: Path, docker_engine: str, deployment: str
) -> None:
    async with up(write_project(tmp_path / "p", deployment, "127.0.0.1:1/nobody/serves:1")) as running:
        answer = await ask(running, "/")
        assert answer.status_code == 500
        assert answer.text.startswith("Failed to start container: ")
        told = await running.wait_for(Notice, lambda one: one.level == "error")
        assert "the image 127.0.0.1:1/nobody/serves:1 is not here" in told.message
        assert "--driver process" in told.advice
        assert (await running.wait_for(ColdStart)).outcome == "failed"
