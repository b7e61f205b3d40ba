"""kill -9 of the engine in each state of an instance: what stays behind, and what the next ``up`` does.

``python -m tests.end_to_end.killed_states`` prints the table, with the Docker Engine of DOCKER_HOST.
"""

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx
import psutil

from core.control.client import ControlClient, EngineGone
from core.events.types import InstanceChanged, InstanceState, Notice, PullProgressed
from tests.docker_images.busybox import ensure_busybox_image
from tests.docker_images.engine import remove_images, variant
from tests.docker_images.layers import ensure_layered_image
from tests.docker_images.own_engine import own_engine
from tests.docker_images.registry import registry
from tests.docker_images.relay import relay
from tests.end_to_end.held_engine import HELD
from tests.end_to_end.projects import PROGRAMS
from tests.end_to_end.running import COMMAND, Running, hybrid_tui, up
from tests.end_to_end.test_docker import WORKER, left_on

DriverUnderTest = Literal["docker", "process"]
State = InstanceState | Literal["prepared"]
"""``prepared``: nothing was asked for yet, and an instance has been created in advance."""
CASES: tuple[tuple[DriverUnderTest, State], ...] = (
    ("docker", "prepared"),
    ("docker", "pulling"),
    ("docker", "creating"),
    ("docker", "starting"),
    ("docker", "running"),
    ("docker", "ready"),
    ("docker", "stopping"),
    ("process", "creating"),
    ("process", "starting"),
    ("process", "running"),
    ("process", "ready"),
    ("process", "stopping"),
)
"""A local process has nothing to pull; a simulated instance is nothing outside the engine."""
HELD_METHODS: dict[State, str] = {"creating": "create", "starting": "start"}
"""States that last for one call to the driver: the engine is killed before it learns that it is done."""
LAYER_BYTES = 6_000_000
PASSED_BYTES = 2_000_000
"""How much of a layer the held registry gives; the Engine tells its progress every half megabyte."""
DIE_WITHIN_S = 5.0
TOLD = "removed what was left behind here: "
SERVE = "httpd -f -p 0.0.0.0:$PORT -h /www"
DECLARED = """
name = "{name}"
latency = "off"
worker = "worker.py"
[[containers]]
binding = "APP"
instance_type = "standard-1"
ready_timeout = "60s"
sleep_after = "10m"
{program}
[[regions]]
id = "us-east"
driver = "{driver}"
endpoint = "{endpoint}"
"""


@dataclass
class Row:
    """What came of one kill."""

    driver: str
    state: str
    left: list[str] = field(default_factory=list)
    """What was still there after the kill."""
    removed: list[str] = field(default_factory=list)
    """What the next ``up`` said that it removed; nothing is ever adopted."""
    status: int = 0
    """What the next ``up`` answered to a request."""
    left_after_down: list[str] = field(default_factory=list)


@dataclass
class Bench:
    """Where one case is tried."""

    name: str
    driver: DriverUnderTest
    state: State
    folder: Path
    endpoint: str = ""
    image: str = ""
    """The image that serves."""
    other_image: str = ""
    """The image of the run that is killed, where that is another."""
    release: Callable[[], None] = lambda: None
    """Called between the two runs."""

    def write(self, *, killed_run: bool) -> Path:
        """Write the project of a run, and return its folder."""
        project = self.folder / "project"
        project.mkdir(exist_ok=True)
        (project / "worker.py").write_text(WORKER)
        program = self._image(killed_run) if self.driver == "docker" else self._command(killed_run)
        if self.state == "prepared":
            program += '\nstart_policy = "created"'
        declared = DECLARED.format(
            name=self.name, program=program, driver=self.driver, endpoint=self.endpoint
        )
        (project / "hybrid.toml").write_text(declared)
        return project

    def _image(self, killed_run: bool) -> str:
        return f'image = "{self.other_image if killed_run and self.other_image else self.image}"'

    def _command(self, killed_run: bool) -> str:
        if killed_run and self.state == "running":
            code = "import time; time.sleep(600)"
        else:
            ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN); " if self.state == "stopping" else ""
            program = str(PROGRAMS / "torture.py")
            code = f"import runpy, signal; {ignore}runpy.run_path('{program}', run_name='__main__')"
        return f"command = {json.dumps([sys.executable, '-c', code])}"

    def left(self, children: Sequence[psutil.Process]) -> list[str]:
        """Return what is there of the deployment; processes get a moment to die with their engine."""
        _, alive = psutil.wait_procs(children, timeout=DIE_WITHIN_S)
        left = [f"process {one.pid}" for one in alive]
        left += [
            f"disk of {one.name.rpartition('-')[0]}" for one in self.folder.glob(f"{self.name}/disks/*/*/*")
        ]
        if self.endpoint:
            names = sorted(left_on(self.endpoint, self.name))
            left += [f"{'container' if one[0] == '/' else 'network'} {one.lstrip('/')}" for one in names]
        return left


async def try_case(bench: Bench) -> Row:
    """Kill the engine in the state, start it again, ask it something, take it down."""
    row = Row(bench.driver, bench.state)
    method = HELD_METHODS.get(bench.state)
    command = (sys.executable, "-m", "tests.end_to_end.held_engine", method) if method else COMMAND
    killed = up(bench.write(killed_run=True), state=bench.folder, command=command)
    async with killed as running, _asking(running, bench):
        await _reach(running, bench)
        children = psutil.Process(running.process.pid).children(recursive=True)
        await running.stop(signal.SIGKILL)
    row.left = await asyncio.to_thread(bench.left, children)
    bench.release()
    async with up(bench.write(killed_run=False), state=bench.folder) as running:
        row.status = (await _ask(running)).status_code
        for one in running.all(Notice):
            if one.message.startswith(TOLD):
                row.removed += one.message.removeprefix(TOLD).split(", ")
        children = psutil.Process(running.process.pid).children(recursive=True)
        await asyncio.to_thread(hybrid_tui, bench.folder, "down", bench.name)
    row.left_after_down = await asyncio.to_thread(bench.left, children)
    return row


@asynccontextmanager
async def _asking(running: Running, bench: Bench) -> AsyncIterator[None]:
    """Have a request under way, where it takes one to bring an instance up."""
    if bench.state == "prepared":
        yield
        return
    asking = asyncio.create_task(_ask(running))
    try:
        yield
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def _ask(running: Running) -> httpx.Response:
    async with httpx.AsyncClient(base_url=await running.url(), timeout=60.0) as client:
        return await client.get("/")


async def _reach(running: Running, bench: Bench) -> None:
    """Return when the instance is in the state, and what makes up the state is really there."""
    if bench.state == "prepared":
        await running.url()
        async with asyncio.timeout(DIE_WITHIN_S):
            while not any(bench.name in one for one in _containers(bench)):
                await asyncio.sleep(0.01)
        return
    if bench.state == "stopping":
        await running.wait_for(InstanceChanged, lambda one: one.state == "ready")
        socket = json.loads((bench.folder / bench.name / "engine.json").read_text())["socket"]
        with contextlib.suppress(EngineGone):
            await ControlClient(Path(socket)).act("stop", "app-1")
    await running.wait_for(InstanceChanged, lambda one: one.state == bench.state)
    if bench.state in HELD_METHODS:
        await running.wait_for_error(HELD)
    if bench.state == "pulling":
        await running.wait_for(PullProgressed, _is_under_way)


def _is_under_way(event: PullProgressed) -> bool:
    return any(layer.current_bytes for layer in event.layers)


def _containers(bench: Bench) -> list[str]:
    return [one for one in left_on(bench.endpoint, bench.name) if one.startswith("/")]


@asynccontextmanager
async def bench_for(
    name: str, driver: DriverUnderTest, state: State, folder: Path, endpoint: str
) -> AsyncIterator[Bench]:
    """Make ready what a case needs: images, and for a pull an empty Engine and a registry that waits."""
    bench = Bench(name, driver, state, folder)
    if driver == "process":
        yield bench
        return
    bench.endpoint, base = endpoint, ensure_busybox_image(endpoint)
    if state == "pulling":
        async with _held_pull(bench, endpoint, base):
            yield bench
        return
    bench.image = base
    if state == "running":
        bench.other_image = variant(endpoint, base, ("/bin/sh", "-c", "exec sleep 600"))
    if state == "stopping":
        bench.image = variant(endpoint, base, ("/bin/sh", "-c", f"trap '' TERM; exec {SERVE}"))
    yield bench


@asynccontextmanager
async def _held_pull(bench: Bench, endpoint: str, base: str) -> AsyncIterator[None]:
    image = ensure_layered_image(endpoint, base, 1, LAYER_BYTES)
    async with registry() as one, own_engine(bench.name) as empty, relay(one.address, PASSED_BYTES) as held:
        reference = one.push(endpoint, image, "held:1")
        bench.endpoint, bench.release = empty.endpoint, held.go_on.set
        bench.image = reference.replace(one.address, held.address)
        yield


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [
        "| driver | killed in | left behind | adopted | cleaned by the next up | its answer | after down |"
    ]
    lines.append("|---|---|---|---|---|---|---|")
    for row in rows:
        left, after = (", ".join(one) or "nothing" for one in (row.left, row.left_after_down))
        cleaned = "all of it" if sorted(row.removed) == sorted(row.left) else ", ".join(row.removed)
        words = (row.driver, row.state, left, "nothing", cleaned, str(row.status), after)
        lines.append(f"| {' | '.join(words)} |")
    return "\n".join(lines)


async def main() -> None:
    """Try every case and print the table."""
    from core.containers.drivers.docker import diagnose

    found = await diagnose()
    rows = []
    for driver, state in CASES:
        if driver == "docker" and not found.reachable:
            print(f"docker, {state}: left out, no Docker Engine: {found.message}", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory(prefix="hybrid-tui-killed-") as folder:
            name = f"killed-{driver}-{state}"
            async with bench_for(name, driver, state, Path(folder), found.endpoint) as bench:
                rows.append(await try_case(bench))
    if found.reachable:
        remove_images(found.endpoint)
    print(table(rows))


if __name__ == "__main__":
    asyncio.run(main())
