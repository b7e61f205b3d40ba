"""Programs that do not run as they should: each kind has a message, an event and an answer of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.clock import RealClock
from core.containers.drivers.docker.driver import DockerDriver
from core.containers.drivers.process import ProcessDriver
from core.containers.drivers.protocol import Driver
from core.events.types import ColdStart, Notice
from tests.core.containers.rig import Rig, deployment
from tests.docker_images.engine import variant
from tests.end_to_end.test_docker import left_on

FAILED_START = "Failed to start container: "
NOT_LISTENING = (
    "Error proxying request to container: The container is not listening in the TCP address 10.0.0.1:8080"
)


@dataclass(frozen=True)
class Bad:
    """A program in the words of both drivers, and what must come of it."""

    shell: str
    python: str
    status: int
    body: str
    """How the answer to the request that started it begins."""
    told: str
    """What is in the reason and in the notice."""
    exit_code: int | None
    out_of_memory: bool = False
    phase: str = "boot"


ALLOCATES = "held = b'x' * (600 * 2**20)"
SERVES = (
    "import http.server, os, threading; server = http.server.HTTPServer(('', int(os.environ['PORT'])), "
    "http.server.SimpleHTTPRequestHandler); threading.Timer(1, lambda: os._exit(4)).start(); "
    "server.serve_forever()"
)
BAD = {
    "exits at once": Bad(
        "echo no database; exit 3", "import sys; sys.exit('no database')", 500, FAILED_START,
        "ended before its port answered|before its port answered: no database", None,
    ),
    "out of memory at boot": Bad(
        "exec dd if=/dev/zero of=/dev/null bs=600M count=1", f"{ALLOCATES}; import time; time.sleep(60)",
        500, FAILED_START, "memory", 137, out_of_memory=True,
    ),
    "never listens": Bad(
        "exec sleep 600", "import time; time.sleep(600)", 500, NOT_LISTENING, "port", None,
    ),
    "exits later": Bad(
        "httpd -p 0.0.0.0:$PORT -h /www; sleep 1; exit 4", SERVES, 200, "",
        "the program ended by itself with exit code 4", 4, phase="first_response",
    ),
}  # fmt: skip


@asynccontextmanager
async def fleet(driver: Driver, folder: Path, **container: Any) -> AsyncIterator[Rig]:
    """Run a fleet of one class on the driver."""
    declared = deployment(folder=folder, instance_type="lite", **container)
    rig = Rig(declared, RealClock(), {"us-east": driver})
    await rig.fleet.open()
    try:
        yield rig
    finally:
        await rig.fleet.close()


async def check(rig: Rig, bad: Bad) -> None:
    """Make a request of it, and check all that is said."""
    status, body = await rig.get()
    assert status == bad.status
    assert body.decode(errors="replace").startswith(bad.body)
    await rig.seen.until_state("app-1", "failed")
    failed = rig.seen.last("app-1")
    assert any(words in failed.reason for words in bad.told.split("|")), failed.reason
    assert failed.out_of_memory == bad.out_of_memory
    if bad.exit_code is not None:
        assert failed.exit_code == bad.exit_code
    assert failed.lost_disk_bytes is not None
    (start,) = rig.seen.of(ColdStart)
    assert (start.outcome, start.phases[-1].name) == ("ready" if bad.status == 200 else "failed", bad.phase)
    (told,) = (one for one in rig.seen.of(Notice) if one.level == "error")
    assert failed.reason.startswith(told.message)


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_program_is_told_by_its_kind_on_docker(
    kind: str, docker_engine: str, busybox_image: str, deployment: str, tmp_path: Path
) -> None:
    bad = BAD[kind]
    image = variant(docker_engine, busybox_image, ("/bin/sh", "-c", bad.shell))
    driver = DockerDriver(deployment, "us-east", endpoint=docker_engine)
    async with fleet(driver, tmp_path, image=image, ready_timeout=_ready_timeout(kind)) as rig:
        await check(rig, bad)
    assert left_on(docker_engine, deployment) == []


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_program_is_told_by_its_kind_as_a_local_process(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYBRID_TUI_STATE", str(tmp_path / "state"))
    bad = BAD[kind]
    command = ["python", "-c", bad.python]
    driver = ProcessDriver("shop", "us-east")
    async with fleet(driver, tmp_path, command=command, ready_timeout=_ready_timeout(kind)) as rig:
        await check(rig, bad)


def _ready_timeout(kind: str) -> str:
    return "700ms" if kind == "never listens" else "20s"
