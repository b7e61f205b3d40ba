"""What an isolate sends, but for bodies: each frame goes to the request, call or socket it is about."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.worker.link.answers import Answers
from core.worker.link.calls import Calls
from core.worker.link.frames import Kind
from core.worker.link.log_lines import OnLog
from core.worker.link.payloads import (
    decode_failed,
    decode_finished,
    decode_log,
    decode_notified,
    decode_pong,
    decode_ready,
)
from core.worker.link.reader import BrokenLink
from core.worker.link.sockets import Sockets
from core.worker.link.streams import lost
from core.worker.runtime import BindingFetch, CpuTime, WorkerFailed

if TYPE_CHECKING:
    from core.worker.link.isolate import LinkIsolate


class Inbox:
    """Takes the frames of one isolate. Whatever it raises, the isolate has broken the link."""

    def __init__(self, isolate: "LinkIsolate", binding_fetch: BindingFetch, on_log: OnLog) -> None:
        self.sockets = Sockets(isolate.link)
        self._isolate = isolate
        self._on_log = on_log
        self._calls = Calls(isolate.link, binding_fetch)
        self._answers = Answers(isolate.link, self.sockets)
        self._handlers: dict[int, Callable[[int, bytes], None]] = {
            Kind.ANSWER: self._answer,
            Kind.CALL: self._call,
            Kind.FINISHED: self._finished,
            Kind.FAILED: self._failed,
            Kind.NOTIFIED: self._notified,
            Kind.LOG: self._log,
            Kind.PONG: self._pong,
            Kind.READY: self._ready,
            Kind.LOAD_FAILED: self._load_failed,
            Kind.ACCEPT: self._accept,
            Kind.MESSAGE: self._message,
            Kind.CLOSE: self._close,
        }

    def take(self, kind: int, identity: int, payload: bytes) -> None:
        """Take one frame. Raises BrokenLink, or what its payload is refused with."""
        handler = self._handlers.get(kind)
        if handler is None:
            raise BrokenLink(f"an isolate sends no frame of kind {kind}")
        handler(identity, payload)

    def _answer(self, number: int, payload: bytes) -> None:
        work = self._isolate.works.get(number)
        if work is None or work.given_back or work.request is None or work.answer.done():
            self._answers.refuse(payload)
            return
        try:
            response = self._answers.response(work, payload)
        except WorkerFailed as error:
            self._on_log(work.trace_id, "exception", error.message)
            work.answer.set_exception(error)
        else:
            work.answer.set_result(response)

    def _call(self, number: int, payload: bytes) -> None:
        self._calls.begin(number, payload, self._isolate.works)

    def _finished(self, number: int, payload: bytes) -> None:
        finished = decode_finished(payload)
        work = self._isolate.end_work(number)
        if work is None:
            return
        work.finish(CpuTime(finished.cpu_ms, "measured" if finished.alone else "estimated"))
        work.release(self._isolate.link)
        if not work.answer.done():
            work.answer.set_exception(WorkerFailed("the Worker ended without an answer"))

    def _failed(self, number: int, payload: bytes) -> None:
        failed = decode_failed(payload)
        work = self._isolate.works.get(number)
        if work is None or work.given_back:
            return
        self._on_log(work.trace_id, "exception", failed.message)
        what = failed.message.partition("\n")[0]
        if not work.answer.done():
            work.answer.set_exception(WorkerFailed(what, code=failed.code))
        elif work.reply is not None:
            self._isolate.link.forget_received(work.reply.number)
            work.reply.end(lost(what))

    def _notified(self, number: int, payload: bytes) -> None:
        work = self._isolate.works.get(number)
        if work is not None and work.request is None and not work.answer.done():
            work.answer.set_result(decode_notified(payload).handled)

    def _log(self, number: int, payload: bytes) -> None:
        line = decode_log(payload)
        work = self._isolate.works.get(number)
        self._on_log(work.trace_id if work is not None else "", line.level, line.text)

    def _pong(self, number: int, payload: bytes) -> None:
        if payload:
            self._isolate.heap_bytes = decode_pong(payload).heap_bytes
        pong = self._isolate.pings.get(number)
        if pong is not None and not pong.done():
            pong.set_result(None)

    def _ready(self, _: int, payload: bytes) -> None:
        if not self._isolate.ready.done():
            self._isolate.ready.set_result(decode_ready(payload))

    def _load_failed(self, _: int, payload: bytes) -> None:
        ready = self._isolate.ready
        if not ready.done():
            ready.set_exception(WorkerFailed(decode_failed(payload).message))
            ready.exception()

    def _accept(self, number: int, _: bytes) -> None:
        self.sockets.accept(number, self._isolate.works)

    def _message(self, number: int, payload: bytes) -> None:
        self.sockets.take(Kind.MESSAGE, number, payload, self._isolate.works)

    def _close(self, number: int, payload: bytes) -> None:
        self.sockets.take(Kind.CLOSE, number, payload, self._isolate.works)
