"""Print what a scaling policy decides, and why: ``python -m tests.bench.scaling [visitors]``.

A load step with real local processes behind a real edge: one visitor, then many at once, then one, then none
until all instances are asleep. The times are of one run on this machine.
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from core.events.types import ColdStart, EngineStarted, InstanceChanged, ScalingDecided
from core.http.client import PooledClient
from core.http.messages import Request
from tests.end_to_end.running import Running, up

VISITORS = 300
HOLD_S = 0.5
DEPLOYMENT = """
name = "step"
latency = "off"
worker.main = "worker.py"

[scaling]
policy = "concurrency"
target_concurrency = 16
cool_down = "5s"

[[containers]]
binding = "APP"
command = ['{python}', '{program}']
max_instances = 20
sleep_after = "8s"
"""
WORKER = """
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await self.env.APP.fetch(request)
"""
PROGRAM = """
import asyncio, os

async def answer(reader, writer):
    while await reader.readuntil(b"\\r\\n\\r\\n"):
        await asyncio.sleep({hold_s})
        writer.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\nok")

async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", int(os.environ["PORT"]), backlog=512)
    await server.serve_forever()

asyncio.run(main())
"""


def write_project(folder: Path) -> Path:
    """Write the deployment, its Worker and a program that holds each request for a while."""
    folder.mkdir()
    (folder / "worker.py").write_text(WORKER)
    program = folder / "program.py"
    program.write_text(PROGRAM.format(hold_s=HOLD_S))
    (folder / "hybrid.toml").write_text(DEPLOYMENT.format(python=sys.executable, program=program))
    return folder


async def visit(client: PooledClient, port: int, until_s: float, statuses: Counter[int]) -> None:
    """Ask again and again."""
    while time.monotonic() < until_s:
        response = await client.fetch(("127.0.0.1", port), Request("GET", "/", [(b"host", b"step")]))
        if response.body is not None:
            async for _ in response.body:
                pass
        statuses[response.status] += 1


async def step(running: Running, visitors: int) -> Counter[int]:
    """Let one visitor come, then many, then one; wait until all is asleep."""
    statuses: Counter[int] = Counter()
    client, port = PooledClient(), int((await running.url()).rpartition(":")[2])
    for count, for_s in ((1, 3.0), (visitors, 10.0), (1, 8.0)):
        until_s = time.monotonic() + for_s
        await asyncio.gather(*(visit(client, port, until_s, statuses) for _ in range(count)))
    await client.close()
    await running.wait_for(ScalingDecided, lambda one: one.instances == 0)
    return statuses


async def main(visitors: int) -> None:
    """Run the load step, and print each decision with its reason."""
    with tempfile.TemporaryDirectory() as folder:
        async with up(write_project(Path(folder) / "step"), "--driver", "process") as running:
            await running.wait_for(EngineStarted)
            statuses = await step(running, visitors)
            print(f"1, then {visitors}, then 1 visitor, each held for {HOLD_S:g} s: {dict(statuses)}\n")
            print("| at | instances | reason |\n|---|---|---|")
            for one in running.all(ScalingDecided):
                print(f"| {one.time_s:.1f} s | {one.before} to {one.instances} | {one.reason} |")
            states = Counter(one.state for one in running.all(InstanceChanged))
            print(f"\ncold starts: {len(running.all(ColdStart))}; changes of state: {dict(states)}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else VISITORS))
