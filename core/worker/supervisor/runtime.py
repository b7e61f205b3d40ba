"""A Worker's runtime over supervised isolates: chooses one for each request, and does lost requests again."""

import asyncio

from core.events.bus import EventBus
from core.http.messages import Request
from core.worker.isolate import IsolateLost, Launcher
from core.worker.runtime import Answer, WorkerEvent, WorkerFailed
from core.worker.supervisor.member import Member
from core.worker.supervisor.pool import Pool
from core.worker.supervisor.published import Published
from core.worker.supervisor.replay import Memo, RememberedCalls
from core.worker.supervisor.usage import UsageOf, usage_of
from core.worker.supervisor.watch import Limits

MOST_ATTEMPTS = 6
"""How many isolates one request may lose before it fails."""


class SupervisedRuntime:
    """Runs one Worker in isolates that ``launcher`` starts.

    ``calls`` is what the launcher was given as its binding_fetch (``calls.fetch``). Isolates that end,
    hang or take too much are replaced; requests that they had not begun, or that can be repeated
    without anybody's noticing, go to another one.
    """

    def __init__(
        self,
        launcher: Launcher,
        *,
        worker: str,
        bus: EventBus,
        calls: RememberedCalls,
        cpu_limit_ms: float = 30_000,
        memory_limit_mib: float = 128,
        max_isolates: int = 4,
        usage_of: UsageOf = usage_of,
    ) -> None:
        self.name = launcher.name
        self._launcher = launcher
        self._calls = calls
        limits = Limits(cpu_limit_ms, memory_limit_mib)
        self._pool = Pool(launcher, Published(bus, worker, launcher.name), limits, max_isolates, usage_of)
        self._reloads_asked = 0
        self._reloads_done = 0
        self._reload_failure: WorkerFailed | None = None
        self._reloading = asyncio.Lock()
        self._stopped = False

    async def start(self) -> None:
        """Start the first isolate. Raises WorkerFailed (file, line) for a broken module."""
        await self.reload()

    async def reload(self) -> None:
        """Load the code anew and let new requests go there; requests under way end where they are.

        Calls that come during a reload are answered by one more. Raises WorkerFailed for code that
        cannot be loaded: then the old goes on serving.
        """
        self._reloads_asked += 1
        mine = self._reloads_asked
        async with self._reloading:
            if self._reloads_done < mine:
                asked, self._reload_failure = self._reloads_asked, None
                try:
                    await self._renew()
                except WorkerFailed as failure:
                    self._reload_failure = failure
                self._reloads_done = asked
            if self._reload_failure is not None:
                raise WorkerFailed(self._reload_failure.message, code=self._reload_failure.code)

    async def fetch(self, trace_id: str, request: Request) -> Answer:
        """Let the Worker answer. Raises WorkerFailed: 1101 for an exception, 1102 for a limit."""
        memo = self._calls.begin(trace_id, request)
        try:
            member = self._pool.pick() or await self._pool.ready()
            try:
                answer = await _fetch(member, trace_id, memo)
            except IsolateLost as lost:
                member, answer = await self._fetch_again(trace_id, memo, member, lost)
        finally:
            self._calls.end(trace_id)
        answer.isolate = member.isolate.number
        return answer

    async def notify(self, trace_id: str, event: WorkerEvent) -> bool:
        """Let the newest isolate handle an event; return whether the Worker has a handler for it.

        An event that an isolate had begun is not repeated. Raises WorkerFailed.
        """
        for _ in range(MOST_ATTEMPTS):
            member = self._pool.newest() or await self._pool.ready()
            member.wake.set()
            try:
                return await member.isolate.notify(trace_id, event)
            except IsolateLost as lost:
                self._pool.doubt(member)
                if lost.began:
                    fate = await member.how_it_ended()
                    raise WorkerFailed(fate.message, code=fate.code) from lost
        raise _too_often()

    async def stop(self) -> None:
        """End all isolates; nothing is left of them."""
        self._stopped = True
        await self._pool.close()
        async with self._reloading:  # a launch under way ends first
            await self._calls.close()
            await self._launcher.close()

    async def _renew(self) -> None:
        if self._stopped:
            raise WorkerFailed("the Worker is stopped")
        await self._pool.renew()

    async def _fetch_again(
        self, trace_id: str, memo: Memo, member: Member, lost: IsolateLost
    ) -> tuple[Member, Answer]:
        """Give a request whose isolate was lost to others, as long as nobody would notice."""
        for _ in range(MOST_ATTEMPTS - 1):
            self._pool.doubt(member)
            await _check_repeatable(trace_id, memo, member, lost)
            member = await self._pool.ready()
            try:
                return member, await _fetch(member, trace_id, memo, again=True)
            except IsolateLost as error:
                lost = error
        raise _too_often()


async def _fetch(member: Member, trace_id: str, memo: Memo, *, again: bool = False) -> Answer:
    member.wake.set()
    member.requests[trace_id] = memo
    try:
        if again:
            return await memo.fetch_again(member.isolate.fetch, trace_id)
        return await member.isolate.fetch(trace_id, memo.request)
    finally:
        del member.requests[trace_id]


async def _check_repeatable(trace_id: str, memo: Memo, member: Member, lost: IsolateLost) -> None:
    """Raise WorkerFailed where a lost request is to blame itself, or cannot be done again."""
    repeatable = memo.lost(began=lost.began)
    if not lost.began and repeatable:
        return
    fate = await member.how_it_ended() if lost.began else None
    if fate is not None and fate.culprit == trace_id:
        raise WorkerFailed(fate.message, code=fate.code)
    if not repeatable:
        who = f"request {fate.culprit}" if fate is not None and fate.culprit else "its isolate"
        why = fate.message if fate is not None else lost.message
        raise WorkerFailed(
            f"hit by the end of an isolate ({who}: {why}), and what it had done cannot be repeated", code=1102
        )


def _too_often() -> WorkerFailed:
    return WorkerFailed(f"{MOST_ATTEMPTS} isolates ended before one answered", code=1102)
