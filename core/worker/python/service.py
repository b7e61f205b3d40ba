"""Serve a link inside an isolate: let the Worker answer requests and events, one task for each."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.http.messages import Request, Response
from core.worker.link import payloads
from core.worker.link.connection import LinkConnection
from core.worker.link.frames import Kind
from core.worker.python.bodies import Socket, place_body, with_body
from core.worker.python.calls import Calls
from core.worker.python.host import Host
from core.worker.python.loader import report
from core.worker.python.memory import Heap
from core.worker.python.messages import WrongAnswer
from core.worker.python.metering import metered
from core.worker.python.notices import decode_notice
from core.worker.python.setup import Setup
from core.worker.python.visit import CURRENT, LOG_LIMIT_BYTES, CpuLimitExceeded, LogLevel, Visit

LATE_S = 0.03
"""A request that waited longer at a stuck loop may have been given to another isolate meanwhile."""

Log = Callable[[int, LogLevel, str], None]
"""Takes what the Worker says, by the number of its request."""


class IsolateService:
    """One end of the link. Raises LoadError for a module that cannot be used."""

    def __init__(self, setup: Setup, marks: memoryview, log: Log, on_lost: Callable[[], None]) -> None:
        self._setup = setup
        self._marks = marks
        self._log = log
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._streams: dict[int, int] = {}
        """The body that answers a request, where it is one of the isolate's."""
        self.link = LinkConnection("isolate", self._take, lambda _: on_lost())
        main = Path(setup.main)
        self._calls = Calls(self.link, main.parent)
        self.host = Host(main, setup.variables, setup.bindings, self._calls.call)
        self._heap = Heap()

    async def stop(self) -> None:
        """Cancel what is under way, and close the link."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.host.stop()
        self.link.close()

    def _take(self, kind: int, identity: int, payload: bytes) -> None:
        if kind == Kind.RESPONSE:
            self._calls.take(identity, payload)
        elif kind == Kind.REQUEST:
            self._begin(identity, self._answer(identity, payload, asyncio.get_running_loop().time()))
        elif kind == Kind.PING:
            pong = payloads.Pong(self._heap.bytes_held())
            self.link.send(Kind.PONG, identity, payloads.encode(pong))
        elif kind == Kind.CANCEL:
            self._cancel(identity)
        elif kind == Kind.NOTIFY:
            self._begin(identity, self._handle(identity, payload))

    def _begin(self, number: int, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[number] = task
        task.add_done_callback(lambda _: self._tasks.pop(number, None))

    def _cancel(self, number: int) -> None:
        task = self._tasks.get(number)
        if task is not None:
            task.cancel()
        stream = self._streams.pop(number, None)
        if stream is not None:
            self.link.drop_body(stream)

    def _visit(self, number: int, trace_id: str) -> Visit:
        visit = Visit(
            trace_id,
            lambda _, level, text: self._log(number, level, text),
            self._setup.cpu_limit_ms,
            sub_request_limit=self._setup.sub_request_limit,
            number=number,
            marks=self._marks,
        )

        async def finished() -> None:
            self._streams.pop(number, None)
            report = payloads.Finished(round(visit.cpu_s * 1000, 4), alone=True)
            self.link.send(Kind.FINISHED, number, payloads.encode(report))

        # Held first, so let go of last.
        visit.hold(finished)
        visit.begin()
        CURRENT.set(visit)
        return visit

    async def _answer(self, number: int, payload: bytes, came_s: float) -> None:
        if asyncio.get_running_loop().time() - came_s > LATE_S:
            # The news that it is not wanted here any more lies in the socket: read that first.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        head = payloads.decode_request(payload)
        visit = self._visit(number, head.trace)
        sent_from_here = False
        try:
            response = await metered(self.host.answer(visit, self._request(head, visit)), visit)
            sent_from_here = self._send_answer(number, visit, response)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._fail(number, visit, error)
        finally:
            if not sent_from_here:
                await visit.finish()

    def _request(self, head: payloads.RequestHead, visit: Visit) -> Request:
        body = None
        if head.body:
            body = self.link.receive_body(head.body)
            visit.hold(body.aclose)
        parts = urlsplit(head.url)
        target = head.url[len(parts.scheme) + 3 + len(parts.netloc) :]
        return Request(head.method, target or "/", payloads.to_headers(head.headers), body)

    def _send_answer(self, number: int, visit: Visit, response: Response) -> bool:
        """Send the answer; say whether its body is still to be sent from here."""
        place, inline = place_body(self.link, response.body, visit, self.host.folder, visit.finish)
        socket: object = response.tunnel
        head = payloads.AnswerHead(
            response.status,
            payloads.to_fields(response.headers),
            place,
            payloads.SocketPlace(socket.number) if isinstance(socket, Socket) else None,
        )
        visit.flush()
        self.link.send(Kind.ANSWER, number, with_body(payloads.encode(head), inline))
        if place is None or not place.stream:
            return False
        self._streams[number] = place.stream
        return True

    async def _handle(self, number: int, payload: bytes) -> None:
        notice = decode_notice(payload)
        visit = self._visit(number, notice.trace)
        try:
            handled = await metered(self.host.handle(visit, notice.event()), visit)
            visit.flush()
            self.link.send(Kind.NOTIFIED, number, payloads.encode(payloads.Notified(handled)))
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._fail(number, visit, error)
        finally:
            await visit.finish()

    def _fail(self, number: int, visit: Visit, error: BaseException) -> None:
        visit.flush()
        folder = self.host.folder
        if isinstance(error, CpuLimitExceeded):
            limit = f"{self._setup.cpu_limit_ms:,.0f} ms"
            failure = payloads.Failed(f"the Worker used more than {limit} of CPU time", 1102)
        elif isinstance(error, WrongAnswer):
            failure = payloads.Failed(f"TypeError: {error}")
        else:
            failure = payloads.Failed(report(error, folder))
        failure.message = failure.message[:LOG_LIMIT_BYTES]
        self.link.send(Kind.FAILED, number, payloads.encode(failure))
