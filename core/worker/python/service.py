"""Answer the runtime's requests inside an isolate: run the Worker, meter it, report."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from core.http.client import PooledClient
from core.http.errors import ClientError
from core.http.messages import Request, Response, find_header, text_response
from core.worker.private_fields import BINDING, FAILED, SUB_REQUEST, TRACE_ID, without_private
from core.worker.python.host import Host, WrongAnswer
from core.worker.python.loader import describe, stack
from core.worker.python.metering import metered
from core.worker.python.reports import Finished, Log, LogLevel, Message, Setup
from core.worker.python.visit import CURRENT, CpuLimitExceeded, Visit
from core.worker.runtime import SubRequest

_ERROR_TEXT_LIMIT = 2000


class BindingFailed(Exception):
    """The engine could not carry out the call of a binding."""


class IsolateService:
    """The handler behind an isolate's socket. Raises LoadError for a module that cannot be used."""

    def __init__(self, setup: Setup, report: Callable[[Message], None]) -> None:
        self._setup = setup
        self._report = report
        self._client = PooledClient()
        self.host = Host(Path(setup.main), setup.vars, setup.bindings, self._call_binding)

    async def handle(self, request: Request) -> Response:
        """Answer one request of the runtime."""
        trace_id = (request.header(TRACE_ID) or b"").decode("latin-1")
        visit = Visit(trace_id, self._log, self._setup.cpu_limit_ms)
        finish = _Finish(visit, self._report)
        request.headers = without_private(request.headers)
        CURRENT.set(visit)
        try:
            response = await metered(self.host.answer(visit, request), visit)
        except BaseException as error:
            await finish()
            if isinstance(error, asyncio.CancelledError):
                raise
            return self._failure(visit, error)
        response.headers = without_private(response.headers)
        response.close = finish
        if response.body is not None:
            response.body = _MeteredBody(response.body, visit, finish, self.host.folder)
        else:
            finish.report()
        return response

    async def stop(self) -> None:
        """Cancel background work and close the connections to the gateway."""
        await self.host.stop()
        await self._client.close()

    def _log(self, trace_id: str, level: LogLevel, text: str) -> None:
        self._report(Log(trace_id=trace_id, level=level, text=text))

    def _failure(self, visit: Visit, error: BaseException) -> Response:
        if isinstance(error, CpuLimitExceeded):
            return _failed(
                b"1102", f"the Worker used more than {self._setup.cpu_limit_ms:,.0f} ms of CPU time"
            )
        message = describe(error, self.host.folder)
        if isinstance(error, WrongAnswer):
            message = str(error)
            visit.log("exception", f"TypeError: {message}")
        else:
            visit.log("exception", stack(error, self.host.folder))
        return _failed(b"1101", message)

    async def _call_binding(self, sub_request: SubRequest, request: Request) -> Response:
        headers = without_private(request.headers)
        headers.append((TRACE_ID, sub_request.trace_id.encode("latin-1")))
        headers.append((SUB_REQUEST, b"%d" % sub_request.number))
        headers.append((BINDING, sub_request.binding.encode("latin-1")))
        request.headers = headers
        response = await self._client.fetch(self._setup.gateway, request)
        if find_header(response.headers, FAILED) is not None and response.body is not None:
            raise BindingFailed(b"".join([data async for data in response.body]).decode("utf-8", "replace"))
        return response


def _failed(code: bytes, message: str) -> Response:
    response = text_response(500, message[:_ERROR_TEXT_LIMIT])
    response.headers.append((FAILED, code))
    return response


class _Finish:
    """Ends a visit: reports its CPU time once, then lets go of what it holds."""

    def __init__(self, visit: Visit, report: Callable[[Message], None]) -> None:
        self._visit = visit
        self._report = report
        self._reported = False

    def report(self) -> None:
        """Report the CPU time, the first time that this is called."""
        if not self._reported:
            self._reported = True
            self._visit.flush()
            self._report(Finished(trace_id=self._visit.trace_id, cpu_ms=self._visit.cpu_s * 1000))

    async def __call__(self) -> None:
        self.report()
        await self._visit.finish()


class _MeteredBody(AsyncIterator[bytes]):
    """The Worker's response body, each step charged to its request."""

    def __init__(self, body: AsyncIterator[bytes], visit: Visit, finish: _Finish, folder: Path) -> None:
        self._body = body
        self._visit = visit
        self._finish = finish
        self._folder = folder

    async def __anext__(self) -> bytes:
        try:
            return await metered(anext(self._body), self._visit)
        except StopAsyncIteration:
            # Before the last byte goes out, so that the runtime has the figure when it asks.
            self._finish.report()
            raise
        except ClientError:
            raise
        except CpuLimitExceeded as error:
            raise RuntimeError("the CPU limit was passed while the body was being made") from error
        except Exception as error:
            self._visit.log("exception", stack(error, self._folder))
            raise

    async def aclose(self) -> None:
        """Let go of the Worker's iterator."""
        close = getattr(self._body, "aclose", None)
        if close is not None:
            await close()
