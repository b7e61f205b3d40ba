"""The gateway: takes the Worker's calls of bindings from its isolate and hands them to the engine."""

import logging
from pathlib import Path
from urllib.parse import unquote

from core.http.messages import Request, Response, text_response
from core.http.server import Server, serve_unix
from core.worker.private_fields import (
    BINDING,
    FAILED,
    INSTANCE,
    OPERATION,
    PORT,
    SCHEME,
    SUB_REQUEST,
    TRACE_ID,
    without_private,
)
from core.worker.runtime import BindingFetch, CallRefused, SubRequest, WorkerFailed

logger = logging.getLogger(__name__)


class Gateway:
    """An HTTP server on a Unix socket in a private folder; isolates are its only visitors."""

    def __init__(self, path: Path, binding_fetch: BindingFetch) -> None:
        self._path = path
        self._binding_fetch = binding_fetch
        self._server: Server | None = None

    async def start(self) -> None:
        """Listen. Raises CannotListen."""
        self._server = await serve_unix(self._handle, self._path)

    async def stop(self) -> None:
        """Stop listening and cancel the calls under way."""
        if self._server is not None:
            await self._server.stop()
            self._server = None

    async def _handle(self, request: Request) -> Response:
        sub_request = _sub_request(request)
        if sub_request is None:
            return text_response(400, "not a call of a binding")
        target = request.target if sub_request.binding else _whole_url(request)
        passed_on = Request(request.method, target, without_private(request.headers), request.body)
        try:
            return await self._binding_fetch(sub_request, passed_on)
        except (CallRefused, WorkerFailed) as error:
            return _failure(str(error))
        except Exception as error:
            # What failed here is the engine's: the Worker gets an exception, as from the platform.
            logger.exception("the call of binding %s failed", sub_request.binding)
            return _failure(f"{type(error).__name__}: {error}")


def _failure(text: str) -> Response:
    failure = text_response(500, text)
    failure.headers.append((FAILED, b"binding"))
    return failure


def _sub_request(request: Request) -> SubRequest | None:
    trace_id, number, binding = (_field(request, name) for name in (TRACE_ID, SUB_REQUEST, BINDING))
    if trace_id is None or number is None or binding is None or not number.isdigit():
        return None
    port = _field(request, PORT) or ""
    if port and not port.isdigit():
        return None
    return SubRequest(
        trace_id,
        int(number),
        binding,
        instance=unquote(_field(request, INSTANCE) or ""),
        port=int(port) if port else None,
        operation=_field(request, OPERATION) or "",
    )


def _field(request: Request, name: bytes) -> str | None:
    value = request.header(name)
    return None if value is None else value.decode("latin-1")


def _whole_url(request: Request) -> str:
    """Return the URL that the Worker's own ``fetch`` asks for."""
    host = _field(request, b"host") or "localhost"
    return f"{_field(request, SCHEME) or 'http'}://{host}{request.target}"
