"""The supervisor over real processes: Python isolates that loop, hog, end and are replaced."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from core.events.types import AnyEvent, WorkerChanged
from core.http.messages import Request, Response, text_response
from core.worker.python.launcher import PythonLauncher
from core.worker.runtime import SubRequest, WorkerFailed
from core.worker.supervisor.replay import RememberedCalls
from core.worker.supervisor.runtime import SupervisedRuntime
from tests.core.worker.conftest import Containers, Recorder, read, visit

WORKER = """
import asyncio, os
from urllib.parse import urlsplit
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        path = urlsplit(request.url).path
        if path == "/loop":
            while True:
                pass
        if path == "/hog":
            held = []
            while True:
                held.append(bytearray(4 << 20))
                await asyncio.sleep(0)
        if path == "/gulp":
            held = [b"x" * (1 << 20) * (number > 0) for number in range(1024)]
            while True:
                pass
        if path == "/exit":
            os._exit(3)
        if path.startswith("/call"):
            return await self.env.APP.fetch("http://app" + path)
        return Response(f"VERSION {os.getpid()}")
"""

Open = Callable[..., Awaitable[SupervisedRuntime]]


@pytest.fixture
def main(tmp_path: Path) -> Path:
    path = tmp_path / "worker.py"
    path.write_text(WORKER)
    return path


@pytest.fixture
async def supervise(main: Path, recorder: Recorder, containers: Containers) -> AsyncIterator[Open]:
    """Give what starts the Worker; in the end nothing may be left of it."""
    made: list[SupervisedRuntime] = []
    before = {one.pid for one in psutil.Process().children(recursive=True)}

    async def begin(**limits: float) -> SupervisedRuntime:
        calls = RememberedCalls(containers.fetch)
        launcher = PythonLauncher(
            main=main, binding_fetch=calls.fetch, on_log=lambda *_: None, bindings={"APP": "App"}
        )
        runtime = SupervisedRuntime(launcher, worker="shop", bus=recorder.bus, calls=calls, **limits)  # type: ignore[arg-type]
        made.append(runtime)
        await runtime.start()
        return runtime

    yield begin
    for runtime in made:
        await runtime.stop()
    assert {one.pid for one in psutil.Process().children(recursive=True)} <= before


def save(main: Path, text: str) -> None:
    main.write_text(text)


async def ask(runtime: SupervisedRuntime, path: str, trace_id: str = "") -> tuple[int, str]:
    """Send a request; return the isolate's number and the text."""
    answer = await runtime.fetch(trace_id or path, visit(path))
    _, text = await read(answer)
    return answer.isolate, text


def became(isolate: int, state: str) -> Callable[[AnyEvent], bool]:
    return lambda event: isinstance(event, WorkerChanged) and (event.isolate, event.state) == (isolate, state)


class SlowContainers:
    """Containers that answer when they are let."""

    def __init__(self, containers: Containers) -> None:
        self.asked: list[str] = []
        self.go = asyncio.Event()
        self._came = asyncio.Event()
        containers.answer = self._answer

    async def _answer(self, _: SubRequest, request: Request) -> Response:
        self.asked.append(request.target)
        self._came.set()
        await self.go.wait()
        return text_response(200, f"container {request.target}")

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.asked) < count:
                self._came.clear()
                await self._came.wait()


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("/loop", 1102, "used more than 600 ms of CPU time"),
        ("/hog", 1102, "used more than 64 MiB of memory"),
        ("/gulp", 1102, "used more than 64 MiB of memory"),
        ("/exit", 1101, "exit code 3"),
    ],
)
async def test_who_ends_an_isolate_fails_alone(
    supervise: Open, recorder: Recorder, containers: Containers, path: str, code: int, said: str
) -> None:
    slow = SlowContainers(containers)
    runtime = await supervise(cpu_limit_ms=600, memory_limit_mib=64)
    innocent = [asyncio.create_task(ask(runtime, f"/call{number}")) for number in range(10)]
    await slow.wait_for(10)
    with pytest.raises(WorkerFailed, match=said) as caught:
        await ask(runtime, path, "the guilty one")
    assert caught.value.code == code
    slow.go.set()
    answers = await asyncio.gather(*innocent)
    assert sorted(text for _, text in answers) == [f"container /call{number}" for number in range(10)]
    assert {isolate for isolate, _ in answers} == {2}
    assert len(slow.asked) == 10
    failed = await recorder.wait_for(became(1, "failed"))
    assert isinstance(failed, WorkerChanged)
    assert said in failed.message


async def test_a_loop_holds_up_no_other_request(supervise: Open, recorder: Recorder) -> None:
    runtime = await supervise()
    loop = asyncio.create_task(ask(runtime, "/loop", "looper"))
    await ask(runtime, "/first")  # comes with the loop, and may come before it
    others = await asyncio.gather(*(ask(runtime, "/other", f"other {number}") for number in range(20)))
    assert {isolate for isolate, _ in others} == {2}
    stalled = await recorder.wait_for(became(1, "stalled"))
    assert isinstance(stalled, WorkerChanged)
    assert "request looper" in stalled.message
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)


async def test_an_isolate_that_is_killed_from_outside_is_replaced(
    supervise: Open, recorder: Recorder
) -> None:
    runtime = await supervise()
    _, text = await ask(runtime, "/")
    os.kill(int(text.split()[1]), signal.SIGKILL)
    await recorder.wait_for(became(2, "ready"))
    assert (await ask(runtime, "/"))[0] == 2


async def test_saves_under_load_fail_no_request(
    supervise: Open, recorder: Recorder, main: Path, containers: Containers
) -> None:
    runtime = await supervise()
    done = asyncio.Event()

    async def visitor(name: int) -> set[str]:
        seen: set[str] = set()
        while not done.is_set():
            path = "/" if len(seen) % 2 else "/call"
            _, text = await ask(runtime, path, f"{name} {len(seen)}")
            seen.add(text.split()[0])
        return seen

    visitors = [asyncio.create_task(visitor(number)) for number in range(4)]
    for number in range(5):
        save(main, WORKER.replace("VERSION", f"version{number}"))
        await runtime.reload()
    assert (await ask(runtime, "/"))[1].startswith("version4")
    done.set()
    await asyncio.gather(*visitors)
    for number in range(1, 6):
        await recorder.wait_for(became(number, "stopped"))


async def test_code_that_breaks_on_save_leaves_the_old_serving(supervise: Open, main: Path) -> None:
    runtime = await supervise()
    save(main, "def broken(:\n")
    with pytest.raises(WorkerFailed, match=r"worker\.py"):
        await runtime.reload()
    assert (await ask(runtime, "/"))[1].startswith("VERSION")
