"""The server's side of an upgrade: the connection leaves HTTP and becomes a tunnel."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from core.http.fields import end_to_end
from core.http.messages import Request, Response, find_header, text_response
from core.http.tunnel import ByteTunnel, pump

logger = logging.getLogger(__name__)


class Upgrades:
    """The upgraded connections of one server."""

    def __init__(self, handler: Callable[[Request], Awaitable[Response]]) -> None:
        self._handler = handler
        self.tasks: set[asyncio.Task[None]] = set()

    def begin(self, transport: asyncio.Transport, request: Request, rest: bytes) -> None:
        """Take over a connection that asks for an upgrade; ``rest`` is what came after its head."""
        tunnel = ByteTunnel(transport, rest)
        task = asyncio.get_running_loop().create_task(self._serve(tunnel, request))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _serve(self, tunnel: ByteTunnel, request: Request) -> None:
        try:
            response = await self._call_handler(tunnel, request)
            try:
                if response.status == 101 and response.tunnel is not None:
                    await tunnel.write(_head(response, response.headers))
                    await pump(tunnel, response.tunnel)
                else:
                    await _write_ordinary(tunnel, request, response)
            finally:
                if response.close is not None:
                    await response.close()
        except Exception as error:
            logger.debug("an upgraded connection broke off", exc_info=error)
        finally:
            await tunnel.close()

    async def _call_handler(self, tunnel: ByteTunnel, request: Request) -> Response:
        task = asyncio.current_task()
        assert task is not None
        tunnel.on_end = lambda: _cancel(task)
        try:
            return await self._handler(request)
        except Exception:
            logger.exception("the handler failed for %s %s", request.method, request.path)
            return text_response(500, "Internal Server Error")
        finally:
            tunnel.on_end = None


def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()


def _head(response: Response, headers: list[tuple[bytes, bytes]]) -> bytes:
    fields = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    return STATUS_LINE[response.status] + fields + b"\r\n"


async def _write_ordinary(tunnel: ByteTunnel, request: Request, response: Response) -> None:
    """Write an answer that does not switch protocols; the body ends where the connection does."""
    headers = [*end_to_end(response.headers), (b"connection", b"close")]
    bodiless = request.method == "HEAD" or response.status in (204, 304)
    if response.body is None and not bodiless and find_header(headers, b"content-length") is None:
        headers.append((b"content-length", b"0"))
    await tunnel.write(_head(response, headers))
    if response.body is not None and not bodiless:
        async for data in response.body:
            await tunnel.write(data)
