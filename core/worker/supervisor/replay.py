"""What a request has asked of bindings, remembered until its answer begins, so that it can be done again.

When an isolate is lost, a request that it had begun goes to another one; the calls that it makes again
get the responses of the first time, and nothing reaches a container twice.
"""

import asyncio
from collections.abc import Awaitable, Callable

from core.http.messages import Request, Response
from core.worker.runtime import Answer, BindingFetch, SubRequest, WorkerFailed
from core.worker.supervisor.remembered import Call
from core.worker.supervisor.untouched import TouchedBody, hand_out

IsolateFetch = Callable[[str, Request], Awaitable[Answer]]
MOST_CALLS = 1000
"""Calls of one request that are remembered; a request with more is not done again."""
MOST_LOSSES = 2
"""How often a request that had begun may lose its isolate and be done again."""
GRACE_S = 0.2
"""What an isolate lets go of is kept for so long: it may be about to end."""


class Memo:
    """What one request has asked for so far."""

    __slots__ = (
        "_body",
        "_broken",
        "_calls",
        "_forgot",
        "_losses",
        "_room",
        "attempt",
        "held",
        "live",
        "request",
    )

    def __init__(self, room: "RememberedCalls", request: Request) -> None:
        self._room = room
        self._calls: dict[int, Call] = {}
        self._broken: asyncio.Future[str] | None = None
        self._forgot = False
        self._losses = 0
        self._body: TouchedBody | None = None
        self.attempt = 1
        self.held = False
        self.live = True
        if request.body is not None:
            self._body = TouchedBody(request.body)
            request = Request(request.method, request.target, request.headers, self._body)
        self.request = request

    @property
    def waiting(self) -> bool:
        """Say whether it waits for the outcome of a call, so that none of its code runs."""
        return any(not call.task.done() for call in self._calls.values())

    def lost(self, *, began: bool) -> bool:
        """Keep what there is, since the isolate was lost; return whether the request may be done again."""
        self.held = True
        if self._body is not None and self._body.touched:
            return False
        if began:
            self._losses += 1
        return not began or (
            self._losses <= MOST_LOSSES
            and not self._forgot
            and all(call.intact for call in self._calls.values())
        )

    async def fetch_again(self, isolate_fetch: IsolateFetch, trace_id: str) -> Answer:
        """Let another isolate answer. Raises WorkerFailed (1102) when its calls differ this time."""
        self.attempt += 1
        self.held = False
        self._broken = broken = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(isolate_fetch(trace_id, self.request))
        try:
            await asyncio.wait((task, broken), return_when=asyncio.FIRST_COMPLETED)
            if broken.done():
                raise WorkerFailed(broken.result(), code=1102)
            return task.result()
        except BaseException:
            await _discard(task)
            raise

    async def call(self, sub: SubRequest, request: Request) -> Response:
        """Answer a call of a binding: with what is remembered when it was made before."""
        call = self._calls.get(sub.number)
        what = (sub.binding, sub.instance, sub.operation, sub.port, request.method, request.target)
        if call is None:
            if len(self._calls) >= MOST_CALLS:
                self._forgot = True
                return await self._room.binding_fetch(sub, request)
            task = asyncio.ensure_future(self._room.binding_fetch(sub, request))
            call = self._calls[sub.number] = Call(what, task, has_body=request.body is not None)
        elif call.what != what or not call.intact:
            self._break(f"call {sub.number} of {sub.binding or 'fetch'} could not be repeated")
            raise RuntimeError("the request is given up")
        call.attempt = attempt = self.attempt
        call.let_go = False
        try:
            await call.settled()
        except asyncio.CancelledError:
            self.let_go(call, attempt)
            raise
        return hand_out(call.task.result(), call, self, attempt)

    def let_go(self, call: Call, attempt: int) -> None:
        """Free a call that the isolate wants no more, unless it is about to be handed to another isolate."""
        if attempt != call.attempt or attempt != self.attempt:
            return
        call.let_go = True
        if self.live and not self.held:
            asyncio.get_running_loop().call_later(GRACE_S, self._free_if_unwanted, call, attempt)
        elif not self.live:
            self._room.free(call)

    def end(self) -> None:
        """Forget everything: the answer has begun, or there will be none."""
        self.live = False
        for call in self._calls.values():
            if call.let_go or call.attempt != self.attempt:
                self._room.free(call)

    def _free_if_unwanted(self, call: Call, attempt: int) -> None:
        if call.let_go and self.live and not self.held and attempt == self.attempt:
            self._room.free(call)

    def _break(self, why: str) -> None:
        if self._broken is not None and not self._broken.done():
            self._broken.set_result(why)


class RememberedCalls:
    """Stands between the isolates and the engine's answers to calls of bindings.

    Give its ``fetch`` to the launcher, and the object itself to the ``SupervisedRuntime``.
    """

    def __init__(self, binding_fetch: BindingFetch) -> None:
        self.binding_fetch = binding_fetch
        self._memos: dict[str, Memo] = {}
        self._freeing: set[asyncio.Future[None]] = set()

    async def fetch(self, sub: SubRequest, request: Request) -> Response:
        """Answer a call of a binding; the BindingFetch that isolates are given."""
        memo = self._memos.get(sub.trace_id)
        if memo is None:
            return await self.binding_fetch(sub, request)
        return await memo.call(sub, request)

    def begin(self, trace_id: str, request: Request) -> Memo:
        """Remember the calls of a request from now on."""
        memo = self._memos[trace_id] = Memo(self, request)
        return memo

    def end(self, trace_id: str) -> None:
        """Forget a request: its answer has begun, or it has failed."""
        self._memos.pop(trace_id).end()

    def free(self, call: Call) -> None:
        """Cancel a call under way, or close its response."""
        if call.touched:
            return
        call.touched = True
        task = asyncio.ensure_future(call.free())
        self._freeing.add(task)
        task.add_done_callback(self._freeing.discard)

    async def close(self) -> None:
        """Wait until what was let go of is free."""
        await asyncio.gather(*self._freeing, return_exceptions=True)


async def _discard(task: "asyncio.Future[Answer]") -> None:
    """End a fetch whose answer is not wanted."""
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled() and task.exception() is None:
        close = task.result().response.close
        if close is not None:
            await close()
