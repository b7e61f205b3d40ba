"""One isolate over a link: requests and events in, answers, calls of bindings and log lines out."""

import asyncio
from dataclasses import asdict
from typing import Any

from core.http.messages import Request, Response
from core.worker.cf import cf_of
from core.worker.isolate import IsolateLost
from core.worker.link.connection import LinkConnection
from core.worker.link.folder import IsolateFolder
from core.worker.link.frames import Kind
from core.worker.link.inbox import Inbox
from core.worker.link.log_lines import OnLog
from core.worker.link.payloads import Ready, RequestHead, encode, to_fields
from core.worker.link.process import STOP_GRACE_S, IsolateProcess
from core.worker.link.work import Work
from core.worker.private_fields import without_private
from core.worker.runtime import Answer, BindingFetch, Scheduled, WorkerEvent

CRASH_GRACE_S = 1.0
"""How long an isolate whose link is gone may take to end by itself, as one that crashes does."""
_MIB = 1024 * 1024
_IDS = 0xFFFF_FFFF


class LinkIsolate:
    """An ``Isolate``: a process at the other end of a link. ``opening.open_isolate`` makes it."""

    def __init__(
        self, number: int, folder: IsolateFolder, binding_fetch: BindingFetch, on_log: OnLog
    ) -> None:
        self.number = number
        self.pid = 0
        self.exited = asyncio.Event()
        self.ready: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
        """Set when the Worker is loaded; raises WorkerFailed, or IsolateLost when the process ended."""
        self.link = LinkConnection("engine", self._take, self._link_lost)
        self._folder = folder
        self._mark = folder.mark
        self._process: IsolateProcess | None = None
        self.works: dict[int, Work] = {}
        """The requests and events that have not ended, by id."""
        self.pings: dict[int, asyncio.Future[None]] = {}
        self.heap_bytes = 0.0
        self._given_back = 0
        self._last_request = 0
        self._last_finished = (0, "")
        self._last_ping = 0
        self._link_gone = asyncio.Event()
        self._end: asyncio.Task[None] | None = None
        self._inbox = Inbox(self, binding_fetch, on_log)

    def attach(self, process: IsolateProcess) -> None:
        """Give the isolate its process."""
        self._process = process
        self.pid = process.pid
        process.on_exit = self._begin_end
        if process.exited.is_set():
            self._begin_end()

    @property
    def in_flight(self) -> int:
        """Return the requests and events at it that have not ended."""
        return len(self.works) - self._given_back

    @property
    def heap_mib(self) -> float:
        """Return what the language's own heap and buffers held when it last told; 0 when unknown."""
        return self.heap_bytes / _MIB

    async def fetch(self, trace_id: str, request: Request) -> Answer:
        """Let the Worker answer. Raises WorkerFailed, or IsolateLost when the isolate ended first."""
        work = self._begin(trace_id, request)
        host = request.header(b"host") or b"localhost"
        head = RequestHead(
            trace_id,
            request.method,
            f"http://{host.decode('latin-1')}{request.target}",
            to_fields(without_private(request.headers)),
            cf=cf_of(request),
        )
        if request.body is not None:
            head.body = work.body_stream = self.link.send_body(request.body)
        self.link.send(Kind.REQUEST, work.number, encode(head))
        response: Response = await self._wait(work)
        return Answer(response, work.cpu_time, self.number)

    async def notify(self, trace_id: str, event: WorkerEvent) -> bool:
        """Let the Worker handle an event; return whether it has a handler. Raises as ``fetch``."""
        work = self._begin(trace_id, None)
        kind = "scheduled" if isinstance(event, Scheduled) else "container"
        self.link.send(Kind.NOTIFY, work.number, encode({"trace": trace_id, "type": kind, **asdict(event)}))
        handled: bool = await self._wait(work)
        return handled

    async def ping(self) -> None:
        """Return when the isolate's loop has turned once. Raises IsolateLost."""
        if self.link.lost or self.exited.is_set():
            raise IsolateLost(self.how_it_ended(), began=False)
        self._last_ping = number = self._last_ping % _IDS + 1
        pong = self.pings[number] = asyncio.get_running_loop().create_future()
        self.link.send(Kind.PING, number)
        try:
            await pong
        finally:
            self.pings.pop(number, None)

    def running(self) -> str:
        """Return the trace id of the request that the isolate works on, or last did; empty when unknown."""
        current = self._mark.current
        work = self.works.get(current)
        if work is not None:
            return work.trace_id
        return self._last_finished[1] if current == self._last_finished[0] else ""

    def give_back(self) -> None:
        """End the wait of each request that the Worker has not begun: its ``fetch`` raises IsolateLost."""
        for work in list(self.works.values()):
            if work.answer.done() or self._mark.has_begun(work.number):
                continue
            self._abandon(work)
            work.answer.set_exception(IsolateLost("the isolate was stuck before it began", began=False))

    def kill(self, reason: str) -> None:
        """End the process, and what it started, at once; requests at it raise IsolateLost."""
        if self._process is not None:
            self._process.kill(reason)

    async def stop(self) -> None:
        """Let the process end by itself, and end it when it does not within a few seconds."""
        self.link.close()
        if self._process is not None:
            await self._process.wait(STOP_GRACE_S)
            self._begin_end()
            await self.exited.wait()
        self._finish()
        await self.link.settle()

    def how_it_ended(self) -> str:
        """Return how the process ended, in words; the reason of ``kill`` where it was killed."""
        return self._process.how_it_ended() if self._process is not None else "the isolate has no process"

    def ran_out_of_memory(self) -> bool:
        """Say whether the language's own heap limit ended it."""
        return self._process is not None and self._process.ran_out_of_memory()

    def _begin(self, trace_id: str, request: Request | None) -> Work:
        if self.link.lost or self.exited.is_set():
            raise IsolateLost(self.how_it_ended(), began=False)
        self._last_request = number = self._last_request % _IDS + 1
        work = Work(number, trace_id, request, asyncio.get_running_loop().create_future())
        self.works[number] = work
        return work

    async def _wait(self, work: Work) -> Any:
        try:
            return await work.answer
        except asyncio.CancelledError:
            if not work.given_back and work.number in self.works:
                self._abandon(work)
            if not work.answer.cancelled() and work.answer.done() and work.answer.exception() is None:
                self._drop_answer(work.answer.result())
            raise

    def _drop_answer(self, answer: object) -> None:
        if isinstance(answer, Response) and answer.close is not None:
            self.link.spawn(_close(answer))

    def _take(self, kind: int, identity: int, payload: bytes) -> None:
        self._inbox.take(kind, identity, payload)

    def end_work(self, number: int) -> Work | None:
        """Take a request or event that the isolate has ended off the list, and return it."""
        work = self.works.pop(number, None)
        if work is not None:
            self._given_back -= work.given_back
            self._last_finished = (number, work.trace_id)
        return work

    def _abandon(self, work: Work) -> None:
        """Want nothing more of a request; its entry stays until the isolate has ended it."""
        work.given_back = True
        self._given_back += 1
        work.release(self.link)
        self.link.send(Kind.CANCEL, work.number)

    def _link_lost(self, reason: str) -> None:
        self._link_gone.set()
        if reason and self._process is not None:
            self._process.kill(f"the isolate sent what the engine cannot read: {reason}")
        self._begin_end()

    def _begin_end(self) -> None:
        if self._end is None and self._process is not None:
            self._end = asyncio.get_running_loop().create_task(self._see_end(self._process))

    async def _see_end(self, process: IsolateProcess) -> None:
        """Wait for the end of both the process and its link, for what was sent last counts too."""
        try:
            async with asyncio.timeout(CRASH_GRACE_S):
                await process.exited.wait()
        except TimeoutError:
            process.kill("the isolate closed its link to the engine")
            await process.exited.wait()
        if self.link.connected:
            try:
                async with asyncio.timeout(CRASH_GRACE_S):
                    await self._link_gone.wait()
            except TimeoutError:
                self.link.break_off("the isolate has ended")
        self._finish()

    def _finish(self) -> None:
        """Tell everybody who waits that nothing more comes."""
        if self.exited.is_set():
            return
        reason = self.how_it_ended()
        # Whom it worked on is asked for afterwards too: that request may be the one that ended it.
        self._last_finished = (self._mark.current, self.running())
        works, self.works = self.works, {}
        for work in works.values():
            if not work.answer.done():
                began = self._mark.has_begun(work.number)
                work.answer.set_exception(IsolateLost(reason, began=began))
            work.lose(reason)
            work.release(self.link)
        self._given_back = 0
        for pong in self.pings.values():
            if not pong.done():
                pong.set_exception(IsolateLost(reason, began=False))
        if not self.ready.done():
            self.ready.set_exception(IsolateLost(reason, began=False))
            # Read here too, so that one whom nobody waits for is no unread error.
            self.ready.exception()
        self._inbox.sockets.lose()
        self._folder.remove()
        self.exited.set()


async def _close(response: Response) -> None:
    if response.close is not None:
        await response.close()
