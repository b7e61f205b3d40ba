"""A Python Worker inside the engine's own process: for the simulated driver, on virtual time."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from core.events.bus import EventBus
from core.events.types import IsolateState, WorkerChanged, WorkerLogged
from core.http.errors import ClientError
from core.http.messages import Request, Response
from core.worker.private_fields import without_private
from core.worker.python.host import Host
from core.worker.python.loader import LoadError, describe, report
from core.worker.python.messages import WrongAnswer
from core.worker.python.visit import CURRENT, SUB_REQUEST_LIMIT, LogLevel, Visit
from core.worker.runtime import Answer, BindingFetch, CpuTime, SubRequest, WorkerEvent, WorkerFailed

MEDIAN_CPU_MS = 1.0
CPU_SPREAD = 0.5
"""Emulated CPU time is lognormal: the median, and the standard deviation of its logarithm."""
_DIGITS = 3


class InlineRuntime:
    """Runs a Python Worker in this process, without I/O; same errors and log as an isolate of its own.

    ``bindings`` gives the name of the container class behind each binding. CPU time is drawn from ``rng``
    (so it is emulated) and waited for before the Worker's code runs.
    Nothing bounds the code's real CPU time: use it with Workers that one trusts to end.
    """

    name = "python"

    def __init__(
        self,
        *,
        worker: str,
        main: Path,
        binding_fetch: BindingFetch,
        bus: EventBus,
        rng: random.Random,
        variables: Mapping[str, Any] | None = None,
        bindings: Mapping[str, str] | None = None,
        sub_request_limit: int = SUB_REQUEST_LIMIT,
    ) -> None:
        self._worker = worker
        self._main = main.absolute()
        self._binding_fetch = binding_fetch
        self._bus = bus
        self._rng = rng
        self._variables = dict(variables or {})
        self._bindings = dict(bindings or {})
        self._sub_request_limit = sub_request_limit
        self._host: Host | None = None
        self._launched = 0
        self._number = 0
        self._version = 0
        self._outside = Visit("", self._log)
        self._failure = WorkerFailed("the Worker is not started")

    async def start(self) -> None:
        """Load the Worker. Raises WorkerFailed, naming file and line."""
        await self._unload()
        try:
            self._host = self._load()
        except WorkerFailed as failure:
            self._failure = failure
            raise

    async def reload(self) -> None:
        """Load the Worker's code anew. Raises WorkerFailed for broken code; then the old goes on serving."""
        old, number, version = self._host, self._number, self._version
        self._host = self._load()
        if old is not None:
            self._publish("draining", number, version)
            await old.stop()
            self._publish("stopped", number, version)

    async def stop(self) -> None:
        """Cancel work that outlived its request, and forget the Worker."""
        await self._unload()
        self._failure = WorkerFailed("the Worker is stopped")

    def _load(self) -> Host:
        self._launched += 1
        number, version = self._launched, self._version + 1
        self._publish("starting", number, version)
        try:
            host = Host(
                self._main, self._variables, self._bindings, self._call_binding, {"print": self._print}
            )
        except LoadError as error:
            self._publish("failed", number, version, str(error))
            raise WorkerFailed(str(error)) from error
        self._number, self._version = number, version
        self._publish("ready", number, version)
        return host

    async def _unload(self) -> None:
        if self._host is not None:
            await self._host.stop()
            self._host = None
            self._publish("stopped", self._number, self._version)

    async def fetch(self, trace_id: str, request: Request) -> Answer:
        """Let the Worker answer. Raises WorkerFailed."""
        host, number = self._loaded(), self._number
        cpu_ms = await self._spend()
        visit = self._visit(trace_id)
        passed_on = Request(request.method, request.target, without_private(request.headers), request.body)
        token = CURRENT.set(visit)
        try:
            response = await host.answer(visit, passed_on)
        except Exception as error:
            failure = _failure(visit, error, host.folder)
            await visit.finish()
            raise failure from error
        except BaseException:
            await visit.finish()
            raise
        finally:
            CURRENT.reset(token)

        async def spent() -> CpuTime:
            return CpuTime(cpu_ms, "emulated")

        return Answer(_finishing(response, visit, host), spent, number)

    async def notify(self, trace_id: str, event: WorkerEvent) -> bool:
        """Let the Worker handle an event; return whether it has a handler. Raises WorkerFailed."""
        host = self._loaded()
        await self._spend()
        visit = self._visit(trace_id)
        token = CURRENT.set(visit)
        try:
            return await host.handle(visit, event)
        except Exception as error:
            raise _failure(visit, error, host.folder) from error
        finally:
            CURRENT.reset(token)
            await visit.finish()

    def _loaded(self) -> Host:
        if self._host is None:
            raise WorkerFailed(self._failure.message)
        return self._host

    def _visit(self, trace_id: str) -> Visit:
        return Visit(trace_id, self._log, sub_request_limit=self._sub_request_limit)

    async def _spend(self) -> float:
        """Let emulated CPU time pass, and return it in milliseconds."""
        cpu_ms = round(self._rng.lognormvariate(math.log(MEDIAN_CPU_MS), CPU_SPREAD), _DIGITS)
        await asyncio.sleep(cpu_ms / 1000)
        return cpu_ms

    async def _call_binding(self, sub_request: SubRequest, request: Request) -> Response:
        # The engine's own work is not the Worker's, whatever it prints or makes.
        token = CURRENT.set(None)
        try:
            return await self._binding_fetch(sub_request, request)
        finally:
            CURRENT.reset(token)

    def _print(self, *values: object, sep: str = " ", end: str = "\n", **_: Any) -> None:
        """Take the place of ``print`` in the Worker's module: the engine's own output stays its own."""
        (CURRENT.get() or self._outside).write("log", sep.join(map(str, values)) + end)

    def _log(self, trace_id: str, level: LogLevel, text: str) -> None:
        self._bus.publish(
            WorkerLogged(
                time_s=self._bus.now_s(), worker=self._worker, trace_id=trace_id, level=level, message=text
            )
        )

    def _publish(self, state: IsolateState, number: int, version: int, message: str = "") -> None:
        self._bus.publish(
            WorkerChanged(
                time_s=self._bus.now_s(),
                worker=self._worker,
                runtime=self.name,
                isolate=number,
                version=version,
                state=state,
                message=message,
            )
        )


def _failure(visit: Visit, error: Exception, folder: Path) -> WorkerFailed:
    if isinstance(error, WrongAnswer):
        visit.log("exception", f"TypeError: {error}")
        return WorkerFailed(str(error))
    visit.log("exception", report(error, folder))
    return WorkerFailed(describe(error, folder))


def _finishing(response: Response, visit: Visit, host: Host) -> Response:
    body = response.body
    headers = without_private(response.headers)
    made = Response(response.status, headers, None, response.tunnel, visit.finish)
    if body is not None:
        made.body = _Body(body, visit, host.folder)
    return made


class _Body(AsyncIterator[bytes]):
    """The Worker's response body; its code runs as part of its request."""

    def __init__(self, body: AsyncIterator[bytes], visit: Visit, folder: Path) -> None:
        self._body = body
        self._visit = visit
        self._folder = folder

    async def __anext__(self) -> bytes:
        token = CURRENT.set(self._visit)
        try:
            return await anext(self._body)
        except (StopAsyncIteration, ClientError):
            raise
        except Exception as error:
            self._visit.log("exception", report(error, self._folder))
            raise
        finally:
            CURRENT.reset(token)

    async def aclose(self) -> None:
        """Let go of the Worker's iterator."""
        close = getattr(self._body, "aclose", None)
        if close is not None:
            await close()
