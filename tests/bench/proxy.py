"""Print what a request costs on each part of the way: ``python -m tests.bench.proxy [requests] [at once]``.

CPU time is of this process, which holds visitors, edge and container; the Worker's isolate
is a process of its own and is read apart. One run compares with itself only.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import uvloop

from core.http.client import PooledClient
from core.http.messages import Request, Response, text_response
from core.http.server import Server, serve
from core.worker.python.launcher import PythonLauncher
from core.worker.runtime import SubRequest

WORKER = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if "/api" in request.url:
            return Response("x" * 1024)
        return await self.env.APP.fetch(request)
"""
ROUNDS = 3
FIELDS = [(b"host", b"shop.example"), (b"user-agent", b"bench"), (b"accept", b"*/*")]


class Bench:
    """A container, a plain proxy and a Worker, all on loopback."""

    def __init__(self) -> None:
        self.visitor = PooledClient()
        self.inner = PooledClient()
        self.numbers = iter(range(10**9))
        self.servers: list[Server] = []

    async def container(self, request: Request) -> Response:
        return text_response(200, "x" * 1024)

    async def open(self, folder: Path) -> list[tuple[str, tuple[str, int], str]]:
        """Start everything; return name, address and path of each way."""
        container = await self._serve(self.container)
        main = folder / "worker.py"
        await asyncio.to_thread(main.write_text, WORKER)

        async def binding(sub_request: SubRequest, request: Request) -> Response:
            return await self.inner.fetch(container, request)

        self.launcher = PythonLauncher(
            main=main, binding_fetch=binding, on_log=lambda *_: None, bindings={"APP": ""}
        )
        self.isolate = await self.launcher.launch(1)

        async def edge(request: Request) -> Response:
            return (await self.isolate.fetch(f"t{next(self.numbers)}", request)).response

        proxy = await self._serve(lambda request: self.inner.fetch(container, request))
        front = await self._serve(edge)
        return [
            ("container alone", container, "/"),
            ("proxy, container", proxy, "/"),
            ("edge, Worker", front, "/api"),
            ("edge, Worker, container", front, "/"),
        ]

    async def _serve(self, handler: Callable[[Request], Awaitable[Response]]) -> tuple[str, int]:
        server = await serve(handler)
        self.servers.append(server)
        return ("127.0.0.1", server.port)

    async def run(self, address: tuple[str, int], path: str, requests: int, concurrency: int) -> None:
        """Send requests over kept-alive connections."""
        numbers = iter(range(requests))

        async def visitor() -> None:
            for _ in numbers:
                response = await self.visitor.fetch(address, Request("GET", path, FIELDS))
                if response.body is not None:
                    async for _ in response.body:
                        pass

        await asyncio.gather(*(visitor() for _ in range(concurrency)))

    async def close(self) -> None:
        """Stop everything."""
        await self.visitor.close()
        for server in self.servers:
            await server.stop()
        await self.isolate.stop()
        await self.launcher.close()
        await self.inner.close()


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def main(requests: int, concurrency: int) -> None:
    """Measure each way in turn, several rounds."""
    bench = Bench()
    with tempfile.TemporaryDirectory() as folder:
        ways = await bench.open(Path(folder))
        isolate = psutil.Process(bench.isolate.pid)
        print(f"{requests} requests, {concurrency} at once; µs of CPU a request: this process + isolate")
        for _ in range(ROUNDS):
            for name, address, path in ways:
                own_s, isolate_s, started_s = time.process_time(), _cpu_s(isolate), time.perf_counter()
                await bench.run(address, path, requests, concurrency)
                own_us = (time.process_time() - own_s) / requests * 1e6
                isolate_us = (_cpu_s(isolate) - isolate_s) / requests * 1e6
                rate = requests / (time.perf_counter() - started_s)
                print(f"{name:24} {own_us:6.1f} + {isolate_us:5.1f} µs   {rate:8,.0f} requests/s")
        await bench.close()


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:3]]
    uvloop.run(main(*(arguments + [5000, 32][len(arguments) :])))
