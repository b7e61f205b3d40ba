"""Run one request through a loaded Worker: wire messages in, the Worker's objects between, messages out."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from core.http.messages import Request, Response, find_header
from core.worker.python.loader import find_entrypoint, load_module, stack
from core.worker.python.sdk import workers
from core.worker.python.sdk.workers.body import BodyInit, BodyStream
from core.worker.python.sdk.workers.headers import HeadersInit
from core.worker.python.visit import CURRENT, Visit
from core.worker.runtime import SubRequest

WAIT_UNTIL_S = 30.0
"""How long work may go on after the response."""

CallBinding = Callable[[SubRequest, Request], Awaitable[Response]]
"""Carries a call of a binding out of the Worker."""


class WrongAnswer(Exception):
    """The Worker returned something that is no Response."""


class Binding:
    """What a Worker finds in ``self.env`` for a container class."""

    def __init__(self, name: str, call: CallBinding) -> None:
        self._name = name
        self._call = call

    async def fetch(
        self,
        resource: "str | workers.Request",
        *,
        method: str | None = None,
        headers: HeadersInit = None,
        body: BodyInit = None,
    ) -> workers.Response:
        """Send a request to the container; options as of ``Request``."""
        visit = CURRENT.get()
        if visit is None:
            raise RuntimeError(f"env.{self._name} can be used only while a request is being answered")
        options: dict[str, Any] = {"method": method, "headers": headers, "body": body}
        given = {name: value for name, value in options.items() if value is not None}
        if given or not isinstance(resource, workers.Request):
            resource = workers.Request(resource, **given)
        sub_request = SubRequest(visit.trace_id, visit.next_sub_request(), self._name)
        response = await self._call(sub_request, _to_wire_request(resource))
        if response.close is not None:
            visit.hold(response.close)
        return _to_worker_response(response)


class _Context:
    def __init__(self, host: "Host", visit: Visit) -> None:
        self._host = host
        self._visit = visit

    def wait_until(self, awaitable: Awaitable[Any]) -> None:
        self._host.keep_running(awaitable, self._visit)

    waitUntil = wait_until  # noqa: N815 (the platform's name)


class Host:
    """A loaded Worker, ready for requests. Raises LoadError for a module that cannot be used."""

    def __init__(
        self,
        main: Path,
        variables: Mapping[str, str],
        bindings: Iterable[str],
        call: CallBinding,
        module_names: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder = main.parent
        self._entrypoint = find_entrypoint(load_module(main, module_names or {}), main)
        self._env = workers.Env({**variables, **{name: Binding(name, call) for name in bindings}})
        self._background: set[asyncio.Task[None]] = set()

    async def answer(self, visit: Visit, request: Request) -> Response:
        """Call the Worker's ``fetch``. Raises what it raises, and WrongAnswer."""
        entrypoint = self._entrypoint(_Context(self, visit), self._env)
        result = entrypoint.fetch(_to_worker_request(request))
        if inspect.isawaitable(result):
            result = await result
        if not isinstance(result, workers.Response):
            raise WrongAnswer(f"fetch returned {_article(result)}, not a Response")
        return _to_wire_response(result, request.method)

    def keep_running(self, awaitable: Awaitable[Any], visit: Visit) -> None:
        """Let work of a request go on after its response."""
        visit.enter_background()
        task = asyncio.ensure_future(self._run_on(awaitable, visit))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _run_on(self, awaitable: Awaitable[Any], visit: Visit) -> None:
        try:
            async with asyncio.timeout(WAIT_UNTIL_S):
                await awaitable
        except TimeoutError:
            visit.log("warning", f"wait_until: given up after {WAIT_UNTIL_S:g} s")
        except Exception as error:
            visit.log("exception", stack(error, self.folder))
        finally:
            await visit.leave_background()

    async def stop(self) -> None:
        """Cancel work that outlived its request."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)


def _article(value: object) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"


def _to_worker_request(request: Request) -> workers.Request:
    host = (request.header(b"host") or b"localhost").decode("latin-1")
    headers = workers.Headers.from_raw(request.headers)
    body = _stream(request.body, request.header(b"content-length"))
    return workers.Request.from_wire(request.method, host, request.target, headers, body)


def _to_worker_response(response: Response) -> workers.Response:
    headers = workers.Headers.from_raw(response.headers)
    body = _stream(response.body, find_header(response.headers, b"content-length"))
    return workers.Response.from_wire(response.status, headers, body, response.tunnel)


def _stream(body: AsyncIterator[bytes] | None, length: bytes | None) -> BodyStream | None:
    if body is None:
        return None
    return BodyStream(body, int(length) if length is not None and length.isdigit() else None)


def _to_wire_request(request: workers.Request) -> Request:
    host = (b"host", request.host.encode("latin-1"))
    headers = [host if name.lower() == b"host" else (name, value) for name, value in request.headers.raw]
    if host not in headers:
        headers.insert(0, host)
    return Request(request.method, request.target, headers, request.unread())


def _to_wire_response(response: workers.Response, method: str) -> Response:
    if response.body_used:
        raise WrongAnswer("fetch returned a Response whose body has been read already")
    headers = response.headers.raw
    if response.body is None and method != "HEAD" and response.status != 304:
        headers = [field for field in headers if field[0].lower() != b"content-length"]
    return Response(response.status, headers, response.body, response.upgraded)
