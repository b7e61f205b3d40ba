"""One request or event at an isolate, from the frame that brings it to FINISHED."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from core.http.messages import Request, Response
from core.worker.link.connection import LinkConnection
from core.worker.link.streams import ReceivedBody
from core.worker.runtime import CpuTime, WorkerFailed

REPORT_WAIT_S = 0.25
"""How long the CPU time is waited for after the body's end: work in waitUntil may go on for longer."""
FOREIGN = "Cannot perform I/O on behalf of a different request, or on a body that has been read already."


class Work:
    """What the engine holds for it. ``request`` is None for an event."""

    __slots__ = (
        "_finish_waiter",
        "_finished",
        "_lost",
        "answer",
        "body_stream",
        "calls",
        "given_back",
        "number",
        "offered_sockets",
        "reply",
        "request",
        "responses",
        "trace_id",
        "used",
    )

    def __init__(
        self, number: int, trace_id: str, request: Request | None, answer: asyncio.Future[Any]
    ) -> None:
        self.number = number
        self.trace_id = trace_id
        self.request = request
        self.answer = answer
        self.body_stream = 0
        self.given_back = False
        """The engine wants nothing more of it: cancelled, or sent to another isolate."""
        self.calls: dict[int, asyncio.Task[None]] = {}
        self.responses: dict[int, Response] = {}
        """Answers of bindings whose bodies the isolate has, by stream."""
        self.offered_sockets: dict[int, Response] = {}
        """Answers of bindings whose sockets nobody has accepted, by socket."""
        self.used: list[Response] = []
        """Answers whose bodies went on in calls; freed at the end."""
        self.reply: ReceivedBody | None = None
        """The isolate's own body of its answer."""
        self._finished: CpuTime | None = None
        self._lost = ""
        self._finish_waiter: asyncio.Future[None] | None = None

    def take_body(self, link: LinkConnection, stream: int) -> tuple[AsyncIterator[bytes], Response | None]:
        """Return a body that the isolate passes on unread, and the answer it came in, if it came in one.

        Raises WorkerFailed for one that is not this request's, or that was read from.
        """
        own = stream == self.body_stream or stream in self.responses
        source = link.take_back(stream) if own else None
        if source is None:
            raise WorkerFailed(FOREIGN)
        return source, self.responses.pop(stream, None)

    def take_socket(self, socket: int) -> Response:
        """Return the answer whose socket the isolate passes on. Raises WorkerFailed as ``take_body``."""
        response = self.offered_sockets.pop(socket, None)
        if response is None:
            raise WorkerFailed(FOREIGN)
        return response

    def finish(self, cpu_time: CpuTime) -> None:
        """Note the isolate's report."""
        self._finished = cpu_time
        self._wake()

    def lose(self, reason: str) -> None:
        """Note that no report will come."""
        self._lost = reason
        self._wake()

    async def cpu_time(self) -> CpuTime:
        """Return the CPU time; see ``Answer``. Raises WorkerFailed when no report comes."""
        if self._finished is None and not self._lost:
            self._finish_waiter = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._finish_waiter], timeout=REPORT_WAIT_S)
        if self._finished is None:
            raise WorkerFailed(self._lost or "the isolate has not reported the CPU time yet")
        return self._finished

    def release(self, link: LinkConnection) -> None:
        """Let go of what the isolate has left: calls under way, bodies unread, sockets not accepted."""
        for task in self.calls.values():
            task.cancel()
        for stream in self.responses:
            link.drop_body(stream)
        self.responses.clear()
        if self.body_stream:
            # Unread, it belongs to whoever made the request.
            if link.take_back(self.body_stream) is None:
                link.drop_body(self.body_stream)
            self.body_stream = 0
        left = [*self.offered_sockets.values(), *self.used]
        self.offered_sockets.clear()
        self.used.clear()
        for response in left:
            link.spawn(close_response(response))

    def _wake(self) -> None:
        if self._finish_waiter is not None and not self._finish_waiter.done():
            self._finish_waiter.set_result(None)


async def close_response(response: Response) -> None:
    """Free what a response holds."""
    if response.close is not None:
        await response.close()
    elif response.tunnel is not None:
        await response.tunnel.close()
