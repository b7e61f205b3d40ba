"""The runtime of Python Workers: one isolate in a process of its own, watched and restarted."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from core.events.bus import EventBus
from core.events.types import Kind, WorkerChanged, WorkerLogged
from core.http.client import PooledClient
from core.http.errors import ConnectFailed, ConnectionLost
from core.http.messages import Request, Response, find_header
from core.worker.gateway import Gateway
from core.worker.private_fields import FAILED, TRACE_ID, without_private
from core.worker.python.process import IsolateProcess
from core.worker.python.reports import Finished, Log, Report, Setup
from core.worker.python.watchdog import Watchdog
from core.worker.runtime import Answer, BindingFetch, WorkerFailed, WorkerState

CPU_REPORT_WAIT_S = 0.25
"""How long ``Answer.cpu_ms`` waits for the isolate's report."""
FIRST_BACK_OFF_S = 0.1
LONGEST_BACK_OFF_S = 5.0
_EXIT_WAIT_S = 1.0


class PythonRuntime:
    """Runs a Python Worker (``class Default(WorkerEntrypoint)``) in its own process.

    ``main`` is the Worker's file, ``variables`` and ``bindings`` what it finds in ``env``,
    ``binding_fetch`` answers its calls of bindings. An isolate that ends by itself, or is ended by the
    CPU limit, is replaced; its requests fail.
    """

    name = "python"
    cpu_kind: Kind = "measured"

    def __init__(
        self,
        *,
        worker: str,
        main: Path,
        binding_fetch: BindingFetch,
        bus: EventBus,
        variables: Mapping[str, str] | None = None,
        bindings: Iterable[str] = (),
        cpu_limit_ms: float = 30_000,
    ) -> None:
        self._worker = worker
        self._main = main.absolute()
        self._variables = dict(variables or {})
        self._bindings = tuple(bindings)
        self._cpu_limit_ms = cpu_limit_ms
        self._binding_fetch = binding_fetch
        self._bus = bus
        self._client = PooledClient()
        self._folder: Path | None = None
        self._gateway: Gateway | None = None
        self._isolate: IsolateProcess | None = None
        self._watchdog: Watchdog | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._failure: WorkerFailed | None = WorkerFailed("the Worker is not started")
        self._reports: dict[str, asyncio.Future[float | None]] = {}
        self._generation = 0

    @property
    def pid(self) -> int | None:
        """Return the isolate's process id, to read its memory; None when none runs."""
        return self._isolate.pid if self._isolate is not None else None

    async def start(self) -> None:
        """Start the isolate and load the Worker; replaces one that runs.

        Raises WorkerFailed, naming file and line, for a module that cannot be loaded; the runtime then
        answers every request with the same error until ``start`` succeeds.
        """
        await self._end_isolate()
        if self._gateway is None:
            self._folder = Path(tempfile.mkdtemp(prefix="hybrid-tui-"))
            self._gateway = Gateway(self._folder / "gateway", self._binding_fetch)
            await self._gateway.start()
        try:
            isolate = await self._start_isolate()
        except WorkerFailed as failure:
            self._fail(failure)
            raise
        self._keeper = asyncio.create_task(self._keep_alive(isolate))

    async def stop(self) -> None:
        """End the isolate and remove its sockets."""
        await self._end_isolate()
        self._failure = WorkerFailed("the Worker is stopped")
        await self._client.close()
        if self._gateway is not None:
            await self._gateway.stop()
            self._gateway = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        self._publish("stopped")

    async def fetch(self, trace_id: str, request: Request) -> Answer:
        """Let the Worker answer. Raises WorkerFailed: 1101 for an exception, 1102 for the CPU limit."""
        isolate, watchdog = await self._current()
        report: asyncio.Future[float | None] = asyncio.get_running_loop().create_future()
        report.add_done_callback(lambda _: watchdog.leave())
        self._reports[trace_id] = report
        watchdog.enter()
        headers = without_private(request.headers)
        headers.append((TRACE_ID, trace_id.encode("latin-1")))
        try:
            response = await self._client.fetch(
                isolate.socket, Request(request.method, request.target, headers, request.body)
            )
        except (ConnectFailed, ConnectionLost) as error:
            self._settle(trace_id, None)
            raise await self._explain(isolate, error) from error
        except BaseException:
            # The isolate reports a cancelled request too, unless it never heard of it.
            asyncio.get_running_loop().call_later(CPU_REPORT_WAIT_S, self._settle, trace_id, None)
            raise
        if find_header(response.headers, FAILED) is not None:
            raise await _failure_of(response)

        async def cpu_ms() -> float:
            try:
                used_ms = await asyncio.wait_for(asyncio.shield(report), CPU_REPORT_WAIT_S)
            except TimeoutError:
                self._settle(trace_id, None)
                used_ms = None
            if used_ms is None:
                raise WorkerFailed("the isolate did not report the CPU time of this request")
            return used_ms

        return Answer(response, cpu_ms)

    # The isolate's life

    async def _current(self) -> tuple[IsolateProcess, Watchdog]:
        while self._isolate is None or self._watchdog is None:
            if self._failure is not None:
                raise WorkerFailed(self._failure.message, code=self._failure.code)
            await self._changed.wait()
        return self._isolate, self._watchdog

    async def _start_isolate(self) -> IsolateProcess:
        assert self._folder is not None
        self._failure = None
        self._changed.clear()
        self._publish("starting")
        started_s = self._bus.now_s()
        self._generation += 1
        setup = Setup(
            main=str(self._main),
            socket=str(self._folder / f"worker-{self._generation}"),
            gateway=str(self._folder / "gateway"),
            vars=self._variables,
            bindings=self._bindings,
            cpu_limit_ms=self._cpu_limit_ms,
        )
        isolate = await IsolateProcess.spawn(setup, self._take_report)
        try:
            await isolate.wait_until_ready()
        except BaseException:
            isolate.kill("it did not start")
            await isolate.stop()
            raise
        self._isolate, self._watchdog = isolate, Watchdog(isolate, self._cpu_limit_ms)
        self._changed.set()
        self._publish("ready", start_ms=(self._bus.now_s() - started_s) * 1000)
        return isolate

    async def _keep_alive(self, isolate: IsolateProcess) -> None:
        """Replace the isolate whenever it ends, more slowly when it ends again soon."""
        back_off_s = FIRST_BACK_OFF_S
        while True:
            since_s = self._bus.now_s()
            await isolate.exited.wait()
            if self._bus.now_s() - since_s > LONGEST_BACK_OFF_S:
                back_off_s = FIRST_BACK_OFF_S
            self._let_go(isolate)
            self._publish("failed", isolate.how_it_ended())
            await isolate.stop()
            await asyncio.sleep(back_off_s)
            back_off_s = min(back_off_s * 2, LONGEST_BACK_OFF_S)
            try:
                isolate = await self._start_isolate()
            except WorkerFailed as failure:
                self._fail(failure)
                return

    def _let_go(self, isolate: IsolateProcess) -> None:
        """Forget an isolate that has ended: its requests report no more."""
        self._failure = None
        self._changed.clear()
        if self._watchdog is not None:
            self._watchdog.stop()
        self._isolate = self._watchdog = None
        for trace_id in list(self._reports):
            self._settle(trace_id, None)

    async def _end_isolate(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        isolate = self._isolate
        if isolate is not None:
            self._let_go(isolate)
            await isolate.stop()

    def _fail(self, failure: WorkerFailed) -> None:
        self._failure = failure
        self._changed.set()
        self._publish("failed", failure.message)

    async def _explain(self, isolate: IsolateProcess, error: Exception) -> WorkerFailed:
        """Say why the isolate lost a request; its end may become known a moment later."""
        try:
            async with asyncio.timeout(_EXIT_WAIT_S):
                await isolate.exited.wait()
        except TimeoutError:
            return WorkerFailed(f"the Worker closed the connection without an answer: {error}")
        return WorkerFailed(isolate.how_it_ended(), code=1102 if isolate.killed_for else 1101)

    # What it reports

    def _take_report(self, report: Report) -> None:
        if isinstance(report, Finished):
            self._settle(report.trace_id, report.cpu_ms)
        elif isinstance(report, Log):
            self._bus.publish(
                WorkerLogged(
                    time_s=self._bus.now_s(),
                    worker=self._worker,
                    trace_id=report.trace_id,
                    level=report.level,
                    message=report.text,
                )
            )

    def _settle(self, trace_id: str, cpu_ms: float | None) -> None:
        """End the wait for a report; None where it will not come."""
        report = self._reports.pop(trace_id, None)
        if report is not None and not report.done():
            report.set_result(cpu_ms)

    def _publish(self, state: WorkerState, message: str = "", start_ms: float = 0.0) -> None:
        self._bus.publish(
            WorkerChanged(
                time_s=self._bus.now_s(),
                worker=self._worker,
                runtime=self.name,
                state=state,
                message=message,
                start_ms=start_ms,
            )
        )


async def _failure_of(response: Response) -> WorkerFailed:
    code = find_header(response.headers, FAILED)
    text = b""
    if response.body is not None:
        text = b"".join([data async for data in response.body])
    return WorkerFailed(text.decode("utf-8", "replace"), code=1102 if code == b"1102" else 1101)
