"""Measures an engine with hundreds of instances: ``python -m tests.bench.many [N] [process | simulated]``.

The engine runs in a process of its own, with real programs (busybox httpd, or what the simulated driver
emulates) kept running by min_instances. Printed as one JSON line: how long until all were ready and how
much of that each spent in the queue, what the engine uses when nobody looks on and with a console at four
frames a second, the bytes of those frames, memory, and what is left when it has stopped.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import psutil

from core.control.client import ControlClient, EngineGone
from core.control.messages import SubscribeFrames
from core.frames.frame import Frame
from core.runs import socket_path

MANY = 200
DEPLOYMENT = "bench-many"
READY_WITHIN_S = 300.0
LOOK_EVERY_S = 0.25
WINDOW_S = 15.0
FRAMES_PER_SECOND = 4.0
WORKER = """
async def fetch(request, env, ctx):
    return await env.APP.fetch(request)
"""
PROJECT = """
name = "{name}"
worker = "worker.py"
[[containers]]
binding = "APP"
command = ["busybox", "httpd", "-f", "-p", "127.0.0.1:{{port}}", "-h", "."]
max_instances = {count}
sleep_after = "1h"
[[regions]]
id = "us-east"
driver = "{driver}"
[scaling]
policy = "fixed"
instances = {count}
min_instances = {count}
"""
ENGINE = """
import sys
from core.main import run
from core.options import EngineOptions
sys.exit(run(EngineOptions(path=sys.argv[1], port=0, paced=True)))
"""


async def until_ready(client: ControlClient, count: int, process: asyncio.subprocess.Process) -> float:
    """Wait for all instances and return how long it took, in seconds. Raises RuntimeError."""
    began_s = time.monotonic()
    while time.monotonic() - began_s < READY_WITHIN_S:
        if process.returncode is not None:
            raise RuntimeError(f"the engine ended with exit code {process.returncode}")
        try:
            frame = await client.get_frame()
        except EngineGone:
            await asyncio.sleep(LOOK_EVERY_S)
            continue
        ready = sum(one.state == "ready" for region in frame.regions for one in region.instances)
        if ready >= count:
            return time.monotonic() - began_s
        await asyncio.sleep(LOOK_EVERY_S)
    raise RuntimeError(f"only {ready} of {count} instances were ready within {READY_WITHIN_S:g} s")


async def cpu_percent(process: psutil.Process, seconds: float) -> float:
    """Return what a process uses over some time, in percent of one core."""
    before_s, began_s = sum(process.cpu_times()[:2]), time.monotonic()
    await asyncio.sleep(seconds)
    return (sum(process.cpu_times()[:2]) - before_s) / (time.monotonic() - began_s) * 100


async def look_on(path: Path, lengths: list[int]) -> None:
    """Read frames as a console does, and note their lengths in bytes."""
    reader, writer = await asyncio.open_unix_connection(str(path), limit=2**26)
    writer.write(msgspec.json.encode(SubscribeFrames(id=1, per_second=FRAMES_PER_SECOND)) + b"\n")
    try:
        while line := await reader.readline():
            lengths.append(len(line))
    finally:
        writer.close()


def queued_ms(frame: Frame) -> list[float]:
    """Return how long each of the last cold starts waited behind others, in order."""
    return sorted(
        phase.duration_ms for start in frame.cold_starts for phase in start.phases if phase.name == "queue"
    )


async def measure(count: int, driver: str, project: Path) -> dict[str, object]:
    """Run an engine of the project once and return the figures."""
    (project / "worker.py").write_text(WORKER)
    (project / "hybrid.toml").write_text(PROJECT.format(name=DEPLOYMENT, count=count, driver=driver))
    path = socket_path(DEPLOYMENT)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", ENGINE, str(project))
    engine, client = psutil.Process(process.pid), ControlClient(path)
    try:
        ready_s = await until_ready(client, count, process)
        queued = queued_ms(await client.get_frame())
        at_rest = await cpu_percent(engine, WINDOW_S)
        lengths: list[int] = []
        looking = asyncio.ensure_future(look_on(path, lengths))
        watched = await cpu_percent(engine, WINDOW_S)
        looking.cancel()
        children = engine.children(recursive=True)
        resident_mib = engine.memory_info().rss / 2**20
        began_s = time.monotonic()
        await client.stop_engine()
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return {
        "instances": count,
        "driver": driver,
        "all_ready_after_s": round(ready_s, 2),
        "queue_ms_median": round(statistics.median(queued)),
        "queue_ms_worst": round(queued[-1]),
        "engine_cpu_percent_at_rest": round(at_rest, 2),
        "engine_cpu_percent_with_a_console": round(watched, 2),
        "frames": len(lengths),
        "kib_of_the_first_frame": round(max(lengths) / 1024, 1),
        "kib_per_further_frame": round(statistics.median(lengths[2:]) / 1024, 1),
        "engine_resident_mib": round(resident_mib, 1),
        "children": len(children),
        "stopped_after_s": round(time.monotonic() - began_s, 2),
        "children_left": sum(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in children),
    }


def main(arguments: list[str]) -> None:
    """Measure once and print."""
    count = int(arguments[0]) if arguments else MANY
    driver = arguments[1] if len(arguments) > 1 else "process"
    with tempfile.TemporaryDirectory(prefix="hybrid-tui-many-") as project:
        found = asyncio.run(measure(count, driver, Path(project)))
    print(msgspec.json.encode(found).decode())


if __name__ == "__main__":
    main(sys.argv[1:])
