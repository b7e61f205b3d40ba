"""A Worker's file written by the test, a bus that keeps its events, and a stand-in for the containers."""

import asyncio
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from core.clock import RealClock
from core.events.bus import EventBus
from core.events.types import AnyEvent, WorkerChanged, WorkerLogged
from core.http.messages import Request, Response, text_response
from core.worker.python.launcher import PythonLauncher
from core.worker.python.visit import LogLevel
from core.worker.runtime import Answer, BindingFetch, SubRequest
from core.worker.supervisor.replay import RememberedCalls
from core.worker.supervisor.runtime import SupervisedRuntime

HEADER = "import asyncio\nfrom workers import Request, Response, WorkerEntrypoint\n"
METHOD = "class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n"

WriteWorker = Callable[[str], Path]


@pytest.fixture
def write_worker(tmp_path: Path) -> WriteWorker:
    """Return what writes a Worker; the source is the body of ``fetch`` unless it has a class."""

    def write(source: str) -> Path:
        source = textwrap.dedent(source).strip("\n")
        if "class Default" not in source:
            source = METHOD + textwrap.indent(source, " " * 8)
        path = tmp_path / "worker.py"
        path.write_text(HEADER + source + "\n")
        return path

    return write


class Recorder:
    """The events of a test."""

    def __init__(self) -> None:
        self.bus = EventBus(RealClock())
        self.events: list[AnyEvent] = []
        self._came = asyncio.Event()
        self.bus.subscribe(self._take)

    def _take(self, event: AnyEvent) -> None:
        self.events.append(event)
        self._came.set()

    def log(self, trace_id: str, level: LogLevel, text: str) -> None:
        """Take a line that the Worker says."""
        self.bus.publish(
            WorkerLogged(time_s=self.bus.now_s(), worker="shop", trace_id=trace_id, level=level, message=text)
        )

    async def wait_for(self, wanted: Callable[[AnyEvent], bool]) -> AnyEvent:
        """Return the first event that is wanted, come or to come."""
        async with asyncio.timeout(20):
            while True:
                for event in self.events:
                    if wanted(event):
                        return event
                self._came.clear()
                await self._came.wait()

    @property
    def logs(self) -> list[tuple[str, str, str]]:
        """Return trace id, level and message of each log line."""
        return [(e.trace_id, e.level, e.message) for e in self.events if isinstance(e, WorkerLogged)]

    @property
    def states(self) -> list[str]:
        """Return the states that the Worker went through."""
        return [event.state for event in self.events if isinstance(event, WorkerChanged)]

    async def log_line(self, text: str) -> tuple[str, str, str]:
        """Return the log line that holds ``text``, come or to come."""
        event = await self.wait_for(lambda e: isinstance(e, WorkerLogged) and text in e.message)
        assert isinstance(event, WorkerLogged)
        return event.trace_id, event.level, event.message


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


class Containers:
    """Answers calls of bindings with a description of the call, and notes them."""

    def __init__(self) -> None:
        self.calls: list[tuple[SubRequest, Request]] = []
        self.answer: BindingFetch = self.describe

    async def fetch(self, sub_request: SubRequest, request: Request) -> Response:
        self.calls.append((sub_request, request))
        return await self.answer(sub_request, request)

    async def describe(self, sub_request: SubRequest, request: Request) -> Response:
        body = b"" if request.body is None else b"".join([data async for data in request.body])
        return text_response(200, f"{sub_request.number} {request.method} {request.target} {body.decode()}")


@pytest.fixture
def containers() -> Containers:
    return Containers()


def make_runtime(
    main: Path, recorder: Recorder, containers: Containers, *, cpu_limit_ms: float = 30_000
) -> SupervisedRuntime:
    """Make the runtime that the tests use."""
    calls = RememberedCalls(containers.fetch)
    launcher = PythonLauncher(
        main=main,
        binding_fetch=calls.fetch,
        on_log=recorder.log,
        variables={"GREETING": "hello"},
        bindings={"APP": "App"},
        cpu_limit_ms=cpu_limit_ms,
    )
    return SupervisedRuntime(
        launcher, worker="shop", bus=recorder.bus, calls=calls, cpu_limit_ms=cpu_limit_ms
    )


def visit(path: str = "/", **options: object) -> Request:
    """Make a visitor's request."""
    request = Request("GET", path, [(b"host", b"shop.example"), (b"user-agent", b"test")])
    for name, value in options.items():
        setattr(request, name, value)
    return request


async def read(answer: Answer) -> tuple[int, str]:
    """Read an answer to its end and let go of it."""
    data = b""
    if answer.response.body is not None:
        data = b"".join([piece async for piece in answer.response.body])
    if answer.response.close is not None:
        await answer.response.close()
    return answer.response.status, data.decode()


Start = Callable[..., Awaitable[SupervisedRuntime]]


@pytest.fixture
async def start(
    write_worker: WriteWorker, recorder: Recorder, containers: Containers
) -> AsyncIterator[Start]:
    """Give what writes a Worker and starts its runtime."""
    made: list[SupervisedRuntime] = []

    async def begin(source: str, *, cpu_limit_ms: float = 30_000) -> SupervisedRuntime:
        runtime = make_runtime(write_worker(source), recorder, containers, cpu_limit_ms=cpu_limit_ms)
        made.append(runtime)
        await runtime.start()
        return runtime

    yield begin
    for runtime in made:
        await runtime.stop()
