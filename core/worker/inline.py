"""A Python Worker inside the engine's own process: for the simulated driver, on virtual time."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

from core.events.bus import EventBus
from core.events.types import Kind, WorkerChanged, WorkerLogged
from core.http.errors import ClientError
from core.http.messages import Request, Response
from core.worker.private_fields import without_private
from core.worker.python.host import Host, WrongAnswer
from core.worker.python.loader import LoadError, describe, stack
from core.worker.python.reports import LogLevel
from core.worker.python.visit import CURRENT, Visit
from core.worker.runtime import Answer, BindingFetch, SubRequest, WorkerFailed, WorkerState

MEDIAN_CPU_MS = 1.0
CPU_SPREAD = 0.5
"""Emulated CPU time is lognormal: the median, and the standard deviation of its logarithm."""
_DIGITS = 3


class InlineRuntime:
    """Runs a Python Worker in this process, without I/O; same errors and log as ``PythonRuntime``.

    CPU time is drawn from ``rng`` (so it is emulated) and waited for before the Worker's code runs.
    Nothing bounds the code's real CPU time: use it with Workers that one trusts to end.
    """

    name = "python"
    cpu_kind: Kind = "emulated"

    def __init__(
        self,
        *,
        worker: str,
        main: Path,
        binding_fetch: BindingFetch,
        bus: EventBus,
        rng: random.Random,
        variables: Mapping[str, str] | None = None,
        bindings: Iterable[str] = (),
    ) -> None:
        self._worker = worker
        self._main = main.absolute()
        self._binding_fetch = binding_fetch
        self._bus = bus
        self._rng = rng
        self._variables = dict(variables or {})
        self._bindings = tuple(bindings)
        self._host: Host | None = None
        self._outside = Visit("", self._log)
        self._failure = WorkerFailed("the Worker is not started")

    async def start(self) -> None:
        """Load the Worker. Raises WorkerFailed, naming file and line."""
        await self._unload()
        self._publish("starting")
        try:
            self._host = Host(
                self._main, self._variables, self._bindings, self._call_binding, {"print": self._print}
            )
        except LoadError as error:
            self._failure = WorkerFailed(str(error))
            self._publish("failed", str(error))
            raise self._failure from error
        self._publish("ready")

    async def stop(self) -> None:
        """Cancel work that outlived its request, and forget the Worker."""
        await self._unload()
        self._failure = WorkerFailed("the Worker is stopped")
        self._publish("stopped")

    async def _unload(self) -> None:
        if self._host is not None:
            await self._host.stop()
            self._host = None

    async def fetch(self, trace_id: str, request: Request) -> Answer:
        """Let the Worker answer. Raises WorkerFailed."""
        host = self._host
        if host is None:
            raise WorkerFailed(self._failure.message)
        cpu_ms = round(self._rng.lognormvariate(math.log(MEDIAN_CPU_MS), CPU_SPREAD), _DIGITS)
        await asyncio.sleep(cpu_ms / 1000)
        visit = Visit(trace_id, self._log)
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

        async def spent() -> float:
            return cpu_ms

        return Answer(_finishing(response, visit, host), spent)

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

    def _publish(self, state: WorkerState, message: str = "") -> None:
        self._bus.publish(
            WorkerChanged(
                time_s=self._bus.now_s(), worker=self._worker, runtime=self.name, state=state, message=message
            )
        )


def _failure(visit: Visit, error: Exception, folder: Path) -> WorkerFailed:
    if isinstance(error, WrongAnswer):
        visit.log("exception", f"TypeError: {error}")
        return WorkerFailed(str(error))
    visit.log("exception", stack(error, folder))
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
            self._visit.log("exception", stack(error, self._folder))
            raise
        finally:
            CURRENT.reset(token)

    async def aclose(self) -> None:
        """Let go of the Worker's iterator."""
        close = getattr(self._body, "aclose", None)
        if close is not None:
            await close()
