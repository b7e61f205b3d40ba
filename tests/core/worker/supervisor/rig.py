"""A supervised Worker on virtual time: isolates that are tasks, with CPU and memory that the test decides.

Each isolate runs its program for real, as tasks of the loop: it begins on requests, calls bindings,
answers pings, gets stuck and ends. Only what a process would use is told by the test.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from core.clock import VirtualClock, run_virtual
from core.events.bus import EventBus
from core.events.types import AnyEvent, IsolateSample, WorkerChanged
from core.http.messages import Request, Response, one_chunk, text_response
from core.worker.isolate import IsolateLost
from core.worker.runtime import Answer, CpuTime, SubRequest, WorkerEvent, WorkerFailed
from core.worker.supervisor.replay import RememberedCalls
from core.worker.supervisor.runtime import SupervisedRuntime
from core.worker.supervisor.usage import Usage

Program = Callable[["Isolate", str, Request], Awaitable[Response]]
BASELINE_MIB = 50.0


class Work:
    """A request at an isolate."""

    def __init__(self, trace_id: str, request: Request) -> None:
        self.trace_id = trace_id
        self.request = request
        self.began = False
        self.task: asyncio.Task[None] | None = None
        self.answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()


class Isolate:
    """A real implementation of the protocol Isolate without a process."""

    def __init__(self, world: "World", number: int) -> None:
        self.number = self.pid = number
        self.exited = asyncio.Event()
        self.heap_mib = 10.0
        self.memory_mib = 0.0
        self.out_of_memory = False
        self.killed_for = ""
        self.stopped = False
        self.notified: list[WorkerEvent] = []
        self._world = world
        self._loop = asyncio.get_running_loop()
        self._works: dict[str, Work] = {}
        self._current = ""
        self._link_lost = False
        self._cpu_s = 0.0
        self._stuck_since_s: float | None = None
        self._turning = asyncio.Event()
        self._turning.set()

    # What the test does with it

    def get_stuck(self, trace_id: str) -> None:
        """Compute for this request without a pause, from now on."""
        self._current = trace_id
        self._stuck_since_s = self._loop.time()
        self._turning.clear()

    def come_free(self) -> None:
        """Let the loop turn again: begin on what has come meanwhile."""
        self._cpu_s = self.cpu_s
        self._stuck_since_s = None
        self._turning.set()
        for work in list(self._works.values()):
            self._begin(work)

    def end(self) -> None:
        """End by itself."""
        self._end("the Worker's process ended with exit code 1")

    def blame(self, trace_id: str) -> None:
        """Say that the isolate works on this request."""
        self._current = trace_id

    def use_cpu(self, seconds: float) -> None:
        """Have used more CPU time."""
        self._cpu_s += seconds

    async def end_slowly(self, seconds: float) -> None:
        """Lose the link at once, and end only some time later."""
        self._link_lost = True
        self._lose_all()
        await asyncio.sleep(seconds)
        self.end()

    def lose_link_for_a_moment(self) -> None:
        """Lose what is under way, but go on."""
        self._lose_all()

    @property
    def cpu_s(self) -> float:
        since_s = self._stuck_since_s
        return self._cpu_s + (0.0 if since_s is None else self._loop.time() - since_s)

    async def call(self, trace_id: str, number: int, target: str = "/", **options: Any) -> Response:
        """Call a binding."""
        return await self._world.calls.fetch(
            SubRequest(trace_id, number, "APP"), Request("GET", target, **options)
        )

    # The protocol

    @property
    def in_flight(self) -> int:
        return len(self._works)

    async def fetch(self, trace_id: str, request: Request) -> Answer:
        if self._link_lost or self.exited.is_set():
            raise IsolateLost("it has ended", began=False)
        work = self._works[trace_id] = Work(trace_id, request)
        self._begin(work)
        try:
            response = await work.answer
        except BaseException:
            if work.task is not None:
                work.task.cancel()
            self._works.pop(trace_id, None)
            raise

        async def cpu_time() -> CpuTime:
            return CpuTime(1.0, "measured")

        return Answer(self._ending_with_its_body(response, trace_id), cpu_time)

    async def notify(self, trace_id: str, event: WorkerEvent) -> bool:
        self.notified.append(event)
        if self._world.program_of_events is not None:
            await self._world.program_of_events(self)
        return True

    async def ping(self) -> None:
        if self._link_lost:
            raise IsolateLost("it has ended", began=False)
        turning, ended = (asyncio.ensure_future(one.wait()) for one in (self._turning, self.exited))
        try:
            await asyncio.wait((turning, ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            turning.cancel()
            ended.cancel()
        if self.exited.is_set():
            raise IsolateLost("it has ended", began=False)

    def running(self) -> str:
        return self._current

    def give_back(self) -> None:
        for work in list(self._works.values()):
            if not work.began:
                del self._works[work.trace_id]
                self._lose(work)

    def kill(self, reason: str) -> None:
        self.killed_for = reason
        self._end(reason)

    async def stop(self) -> None:
        self.stopped = True
        self._end("stopped")

    def how_it_ended(self) -> str:
        return self.killed_for or "the Worker's process ended with exit code 1"

    def ran_out_of_memory(self) -> bool:
        return self.out_of_memory

    # Inside

    def _begin(self, work: Work) -> None:
        if not work.began and self._turning.is_set():
            work.began = True
            self._current = work.trace_id
            work.task = asyncio.create_task(self._run(work))

    async def _run(self, work: Work) -> None:
        try:
            response = await self._world.program(self, work.trace_id, work.request)
        except Exception as error:
            if not work.answer.done():
                work.answer.set_exception(WorkerFailed(str(error)))
        else:
            if not work.answer.done():
                work.answer.set_result(response)

    def _ending_with_its_body(self, response: Response, trace_id: str) -> Response:
        async def body() -> Any:
            try:
                if response.body is not None:
                    async for piece in response.body:
                        yield piece
            finally:
                self._works.pop(trace_id, None)

        return Response(response.status, response.headers, body())

    def _lose(self, work: Work) -> None:
        if work.task is not None:
            work.task.cancel()
        if not work.answer.done():
            work.answer.set_exception(IsolateLost("the isolate ended", began=work.began))

    def _end(self, _: str) -> None:
        if not self.exited.is_set():
            self._cpu_s, self._stuck_since_s = self.cpu_s, None
            self.exited.set()
            self._lose_all()

    def _lose_all(self) -> None:
        for work in self._works.values():
            self._lose(work)
        self._works.clear()


class Reader:
    """Tells what an isolate uses."""

    def __init__(self, isolate: Isolate) -> None:
        self._isolate = isolate

    def read(self) -> Usage | None:
        isolate = self._isolate
        if isolate.exited.is_set():
            return None
        return Usage(isolate.cpu_s, BASELINE_MIB + isolate.memory_mib)

    def close(self) -> None:
        pass


class World:
    """The launcher, the containers and the runtime of one test, and what came of it."""

    name = "rig"

    def __init__(self, clock: VirtualClock, **options: Any) -> None:
        self.clock = clock
        self.bus = EventBus(clock)
        self.events: list[AnyEvent] = []
        self.bus.subscribe(self.events.append)
        self.isolates: list[Isolate] = []
        self.launch_s = 0.05
        self.broken = ""
        self.closed = False
        self.code = 0
        self.program: Program = answer_at_once
        self.program_of_events: Callable[[Isolate], Awaitable[None]] | None = None
        self.container: Callable[[Request], Awaitable[Response]] = describe
        self.called: list[str] = []
        self.freed = 0
        self.calls = RememberedCalls(self._binding_fetch)
        self.runtime = SupervisedRuntime(
            self,
            worker="shop",
            bus=self.bus,
            calls=self.calls,
            usage_of=lambda number: Reader(self.isolates[number - 1]),
            **options,
        )
        self._traces = itertools.count(1)

    async def launch(self, number: int) -> Isolate:
        broken = self.broken
        await asyncio.sleep(self.launch_s)
        while len(self.isolates) < number:
            self.isolates.append(Isolate(self, len(self.isolates) + 1))
        if broken:
            self.isolates[number - 1].end()
            raise WorkerFailed(broken)
        return self.isolates[number - 1]

    async def close(self) -> None:
        self.closed = True

    async def get(self, target: str = "/", trace_id: str = "", body: Any = None) -> tuple[int, str]:
        """Send a request and read its answer; return the isolate's number and the text."""
        request = Request("GET", target, [], body)
        answer = await self.runtime.fetch(trace_id or f"t{next(self._traces)}", request)
        assert answer.response.body is not None
        text = b"".join([piece async for piece in answer.response.body]).decode()
        return answer.isolate, text

    def begin(self, target: str, trace_id: str = "", body: Any = None) -> "asyncio.Task[tuple[int, str]]":
        """Send a request and go on."""
        return asyncio.create_task(self.get(target, trace_id, body))

    def changes(self, isolate: int = 0) -> list[str]:
        """Return the states that isolates went through, in order."""
        return [
            event.state
            for event in self.events
            if isinstance(event, WorkerChanged) and isolate in (0, event.isolate)
        ]

    def change(self, isolate: int, state: str) -> WorkerChanged:
        """Return the first event of an isolate's coming to a state."""
        for event in self.events:
            if isinstance(event, WorkerChanged) and event.isolate == isolate and event.state == state:
                return event
        raise AssertionError(f"isolate {isolate} did not become {state}: {self.changes(isolate)}")

    def samples(self, isolate: int) -> list[IsolateSample]:
        """Return the samples of one isolate."""
        return [one for one in self.events if isinstance(one, IsolateSample) and one.isolate == isolate]

    async def _binding_fetch(self, _: SubRequest, request: Request) -> Response:
        self.called.append(request.target)
        response = await self.container(request)

        async def close() -> None:
            self.freed += 1

        response.close = close
        return response


async def answer_at_once(isolate: Isolate, _: str, request: Request) -> Response:
    return text_response(200, f"{request.target} from {isolate.number}")


async def describe(request: Request) -> Response:
    return Response(200, [], one_chunk(b"container " + request.target.encode()))


def supervised(test: Callable[[World], Coroutine[Any, Any, None]], **options: Any) -> None:
    """Run a test with a started Worker on virtual time; nothing may be left of it in the end."""
    clock = VirtualClock()

    async def main() -> None:
        world = World(clock, **options)
        await world.runtime.start()
        try:
            await test(world)
        finally:
            await world.runtime.stop()
        await asyncio.sleep(0.1)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert all(one.exited.is_set() for one in world.isolates)

    run_virtual(main(), clock)
