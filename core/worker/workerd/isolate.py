"""One isolate in workerd: requests and events go to it over HTTP, its CPU time is read from its process."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from typing import Any

import msgspec

from core.http.client import PooledClient
from core.http.errors import ClientError, ConnectFailed, RequestBodyFailed
from core.http.messages import Request, Response, Tunnel, find_header
from core.worker.cf import cf_of
from core.worker.isolate import IsolateLost
from core.worker.link.process import IsolateProcess
from core.worker.private_fields import BACKGROUND, CF, FAILED, without_private
from core.worker.runtime import Answer, CpuTime, Scheduled, WorkerEvent, WorkerFailed
from core.worker.workerd.records import OnLog
from core.worker.workerd.visits import Visit, Visits

EXIT_WAIT_S = 1.0
"""How long an isolate that broke a connection may take to end, as one that crashes does."""
STOP_GRACE_S = 3.0


class WorkerdIsolate:
    """An ``Isolate``: a process of workerd behind a Unix socket."""

    def __init__(
        self,
        number: int,
        process: IsolateProcess,
        socket: str,
        visits: Visits,
        on_log: OnLog,
        readable: Callable[[str], str],
        close: Callable[[], Awaitable[None]],
    ) -> None:
        self.number = number
        self.pid = process.pid
        self.exited = process.exited
        self.heap_mib = 0.0
        self._process = process
        self._socket = socket
        self._visits = visits
        self._on_log = on_log
        self._readable = readable
        self._close = close
        self._client = PooledClient()

    @property
    def in_flight(self) -> int:
        """Return the requests and events at it that have not ended."""
        return self._visits.under_way

    async def fetch(self, trace_id: str, request: Request) -> Answer:
        """Let the Worker answer. Raises WorkerFailed, and IsolateLost when the process ended."""
        visit = self._visits.begin(trace_id)
        try:
            note = {**cf_of(request), "hybridTui": {"trace": trace_id}}
            headers = [*without_private(request.headers), _field(note)]
            sent = Request(request.method, request.target, headers, request.body)
            response = await self._exchange(sent, visit)
        except BaseException:
            visit.answered()
            raise

        async def cpu_time() -> CpuTime:
            if visit.cpu_time is None:
                raise WorkerFailed("the CPU time is not known before the answer has ended")
            return visit.cpu_time

        return Answer(_Held(response, visit).response, cpu_time, self.number)

    async def notify(self, trace_id: str, event: WorkerEvent) -> bool:
        """Let the Worker handle an event; return whether it has a handler. Raises as ``fetch``."""
        kind = "scheduled" if isinstance(event, Scheduled) else "container"
        visit = self._visits.begin(trace_id)
        try:
            told = {"type": kind, **asdict(event)}
            response = await self._exchange(_own_request(trace=trace_id, event=told), visit)
            handled = msgspec.json.decode(await _text(response))["handled"]
        finally:
            visit.answered()
        return bool(handled)

    async def ping(self) -> None:
        """Return when the isolate's loop has turned once. Raises IsolateLost."""
        try:
            await _text(await self._client.fetch(self._socket, _own_request(ping=True)))
        except ClientError as error:
            raise await self._lost(error) from error

    def running(self) -> str:
        """Return the empty text: workerd does not tell which request it works on."""
        return ""

    def give_back(self) -> None:
        """Do nothing: workerd does not tell which requests it has begun."""

    def kill(self, reason: str) -> None:
        """End the process, and what it started, at once; requests at it raise IsolateLost."""
        self._process.kill(reason)

    async def stop(self) -> None:
        """Let the process end by itself, and end it when it does not within a few seconds."""
        if not self.exited.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
        await self._process.wait(STOP_GRACE_S)
        self._visits.end_all()
        await self._client.close()
        await self._close()

    def how_it_ended(self) -> str:
        """Return how the process ended, in words; the reason of ``kill`` where it was killed."""
        if self.ran_out_of_memory():
            return "the Worker's heap grew past its limit"
        return self._process.how_it_ended()

    def ran_out_of_memory(self) -> bool:
        """Say whether the language's own heap limit ended it."""
        return self._process.ran_out_of_memory()

    async def _exchange(self, request: Request, visit: Visit) -> Response:
        try:
            response = await self._client.fetch(self._socket, request)
        except ClientError as error:
            if isinstance(error, RequestBodyFailed):
                raise
            raise await self._broken(error) from error
        if find_header(response.headers, BACKGROUND) is not None:
            visit.goes_on()
        if find_header(response.headers, FAILED) is not None:
            stack = self._readable((await _text(response)).decode("utf-8", "replace"))
            self._on_log(visit.trace_id, "exception", stack)
            raise WorkerFailed(stack.partition("\n")[0])
        return response

    async def _broken(self, error: ClientError) -> IsolateLost | WorkerFailed:
        """Say what broke a request: the isolate's end, or, where that lives on, the Worker's answer."""
        lost = await self._lost(error)
        if self.exited.is_set() or isinstance(error, ConnectFailed):
            return lost
        return WorkerFailed("the answer broke off before its first byte: the Worker's log may tell why")

    async def _lost(self, error: ClientError) -> IsolateLost:
        """Say why the isolate lost a request; its end may become known a moment later."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EXIT_WAIT_S):
                # A process that crashes does so within this time, or answers no more.
                if isinstance(error, ConnectFailed) or not await self._still_answers():
                    await self.exited.wait()
        why = self.how_it_ended() if self.exited.is_set() else f"workerd broke off: {error}"
        return IsolateLost(why, began=not isinstance(error, ConnectFailed))

    async def _still_answers(self) -> bool:
        try:
            await _text(await self._client.fetch(self._socket, _own_request(ping=True)))
        except ClientError:
            return False
        return True


class _Held:
    """A response whose end is noticed, however it ends."""

    def __init__(self, response: Response, visit: Visit) -> None:
        self._inner = response
        self._visit = visit
        body = None if response.body is None else self._read(response.body)
        tunnel = None if response.tunnel is None else _HeldTunnel(response.tunnel, visit)
        if tunnel is None and body is None:
            visit.answered()
        headers = without_private(response.headers)
        self.response = Response(response.status, headers, body, tunnel, self._close)

    async def _read(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for data in body:
                yield data
        finally:
            self._visit.answered()

    async def _close(self) -> None:
        try:
            if self._inner.close is not None:
                await self._inner.close()
        finally:
            self._visit.answered()


class _HeldTunnel:
    """A connection whose closing is noticed."""

    def __init__(self, inner: Tunnel, visit: Visit) -> None:
        self._visit = visit
        self._inner = inner
        self.read = inner.read
        self.write = inner.write
        self.write_eof = inner.write_eof

    async def close(self) -> None:
        try:
            await self._inner.close()
        finally:
            self._visit.answered()


def _field(note: Any) -> tuple[bytes, bytes]:
    # Escaped to plain ASCII: a header field carries no other text safely.
    return CF, json.dumps(note, separators=(",", ":")).encode()


def _own_request(**note: Any) -> Request:
    return Request("GET", "/", [(b"host", b"hybrid-tui"), _field({"hybridTui": note})])


async def _text(response: Response) -> bytes:
    if response.body is None:
        return b""
    return b"".join([data async for data in response.body])
