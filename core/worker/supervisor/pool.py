"""The isolates of one Worker: those that run the current code, and those that end what they have begun."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from core.worker.isolate import IsolateLost, Launcher
from core.worker.runtime import WorkerFailed
from core.worker.supervisor.member import EXIT_WAIT_S, Fate, Member
from core.worker.supervisor.published import Published
from core.worker.supervisor.restarts import Restarts
from core.worker.supervisor.usage import UsageOf
from core.worker.supervisor.watch import Limits, Watch

DRAIN_S = 30.0
"""How long an isolate may go on with what it has begun; the platform gives waitUntil as long."""
EXTRA_IDLE_S = 10.0
MOST_DRAINING = 8
"""When more isolates than these end what they have begun, the oldest is stopped."""
_DRAIN_LOOK_S = 0.02

logger = logging.getLogger(__name__)


class Pool:
    """Starts, watches, replaces and ends isolates. Acts as the Keeper of each isolate's watch."""

    def __init__(
        self, launcher: Launcher, events: Published, limits: Limits, max_isolates: int, usage_of: UsageOf
    ) -> None:
        self.version = 0
        self.failure: WorkerFailed | None = WorkerFailed("the Worker is not started")
        self._launcher = launcher
        self._events = events
        self._limits = limits
        self._max_isolates = max_isolates
        self._usage_of = usage_of
        self._current: list[Member] = []
        self._draining: list[Member] = []
        self._all: set[Member] = set()
        """Every isolate that has not been stopped and freed yet, whatever its state."""
        self._last_number = 0
        self._restarts = Restarts()
        self._changed = asyncio.Event()
        self._growing: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    # Choosing

    def pick(self) -> Member | None:
        """Return the responsive isolate with the fewest requests under way; None when there is none."""
        best, fewest = None, 0
        for member in self._current:
            if member.state == "ready":
                in_flight = member.isolate.in_flight
                if best is None or in_flight < fewest:
                    best, fewest = member, in_flight
        return best

    def newest(self) -> Member | None:
        """Return the responsive isolate that was started last; None when there is none."""
        return max((one for one in self._current if one.state == "ready"), key=_number, default=None)

    async def ready(self) -> Member:
        """Return an isolate as ``pick``, waiting for one. Raises WorkerFailed when none can be had."""
        while True:
            member = self.pick()
            if member is not None:
                return member
            if self.failure is not None and not self._current:
                raise WorkerFailed(self.failure.message, code=self.failure.code)
            await self._changed.wait()

    # Starting and ending

    async def renew(self) -> None:
        """Start an isolate with the code as it is now, send requests there, let the others end.

        Raises WorkerFailed when the code cannot be loaded; what runs goes on then.
        """
        if not self._current:
            self.failure = None
        try:
            member = await self._launch(self.version + 1)
        except WorkerFailed as failure:
            if not self._current:
                self._fail(failure)
            raise
        if self._closed:
            await self._end(member, "the Worker is stopped")
            raise WorkerFailed("the Worker is stopped")
        before, self._current = self._current, []
        self.version = member.version
        self._restarts.forget()
        self._admit(member)
        for one in before:
            self._drain(one, f"version {self.version} took over")

    async def close(self) -> None:
        """End every isolate and every task; requests fail from now on."""
        self._closed = True
        self._current, self._draining = [], []
        self._fail(WorkerFailed("the Worker is stopped"))
        await asyncio.sleep(0)  # so that every task has begun, and frees what it holds when it is cancelled
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(self._end(one, "the Worker is stopped") for one in list(self._all)))

    async def _launch(self, version: int) -> Member:
        self._last_number += 1
        number, loop = self._last_number, asyncio.get_running_loop()
        self._events.changed(number, version, "starting")
        began_s = loop.time()
        try:
            isolate = await self._launcher.launch(number)
        except WorkerFailed as failure:
            self._events.changed(number, version, "failed", failure.message)
            raise
        except Exception as error:
            logger.exception("isolate %d could not be started", number)
            message = f"the isolate could not be started: {type(error).__name__}: {error}"
            self._events.changed(number, version, "failed", message)
            raise WorkerFailed(message) from error
        start_ms = (loop.time() - began_s) * 1000
        self._events.changed(number, version, "ready", start_ms=start_ms)
        member = Member(isolate, version)
        self._all.add(member)
        return member

    def _admit(self, member: Member) -> None:
        self.failure = None
        self._current.append(member)
        # Made here and now: what is resident at this moment is what the limit is counted from.
        reader = self._usage_of(member.isolate.pid)
        self._keep(self._live(member, Watch(member, reader, self._limits, self, self._events)))
        self._tell()

    async def _live(self, member: Member, watch: Watch) -> None:
        """Watch an isolate until it has ended, and put another in its place when nobody asked for that."""
        watching = asyncio.create_task(watch.run())
        try:
            await member.isolate.exited.wait()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            watch.close()
        if not member.asked_to_stop:
            if member.state != "gone" and member.settle().code != 1102:
                self._restarts.ended(asyncio.get_running_loop().time())
            self._lost(member)
            await self._free(member)

    def _lost(self, member: Member) -> None:
        """Take an isolate out, once, and say why."""
        if member.state == "gone":
            return
        member.state = "gone"
        self._remove(member)
        fate = member.settle()
        message = f"{fate.message} (request {fate.culprit})" if fate.culprit else fate.message
        self._events.changed(member.number, member.version, "failed", message)
        self._tell()
        self._tend()

    def _drain(self, member: Member, why: str) -> None:
        """Send nothing new to an isolate, and end it when it has ended what it has begun."""
        self._remove(member)
        member.state = "draining"
        self._draining.append(member)
        self._events.changed(member.number, member.version, "draining", why)
        self._keep(self._drained(member))
        if len(self._draining) > MOST_DRAINING:
            oldest = self._draining[0]
            self._draining.remove(oldest)
            self._keep(self._end(oldest, f"more than {MOST_DRAINING} isolates were ending their requests"))

    async def _drained(self, member: Member) -> None:
        isolate, loop = member.isolate, asyncio.get_running_loop()
        until_s = loop.time() + DRAIN_S
        while isolate.in_flight and loop.time() < until_s and not isolate.exited.is_set():
            await asyncio.sleep(_DRAIN_LOOK_S)
        if isolate.exited.is_set() or member not in self._draining:
            return
        left = isolate.in_flight
        message = f"{left} requests or sockets were still open after {DRAIN_S:g} s" if left else ""
        await self._end(member, message)

    async def _end(self, member: Member, message: str) -> None:
        member.asked_to_stop = True
        self._remove(member)
        await self._free(member)
        if member.state != "gone":
            member.state = "gone"
            self._events.changed(member.number, member.version, "stopped", message)

    async def _free(self, member: Member) -> None:
        try:
            await member.isolate.stop()
        except Exception:
            logger.exception("isolate %d did not stop well", member.number)
        self._all.discard(member)

    def doubt(self, member: Member) -> None:
        """Send nothing to an isolate that lost a request, until it is seen that it answers or has ended."""
        if member.state == "ready":
            member.state = "doubted"
            self._keep(self._examine(member))

    async def _examine(self, member: Member) -> None:
        try:
            async with asyncio.timeout(EXIT_WAIT_S):
                await member.isolate.ping()
        except (IsolateLost, TimeoutError):
            fate = await member.how_it_ended()
            if member.state == "doubted" and not member.isolate.exited.is_set():
                member.fate = fate
                member.isolate.kill(fate.message)
                self._lost(member)
        else:
            if member.state == "doubted":
                member.state = "ready"
                self._tell()

    # Growing

    def _tend(self) -> None:
        """Start another isolate when none is responsive and there may be more."""
        if self._wants_more() and (self._growing is None or self._growing.done()):
            self._growing = self._keep(self._grow())

    def _wants_more(self) -> bool:
        return not self._closed and self.pick() is None and len(self._current) < self._max_isolates

    async def _grow(self) -> None:
        loop = asyncio.get_running_loop()
        while self._wants_more():
            await asyncio.sleep(self._restarts.wait_s(loop.time()))
            if not self._wants_more():
                return
            version = self.version
            try:
                member = await self._launch(version)
            except WorkerFailed as failure:
                self._restarts.ended(loop.time())
                self._fail(failure)
                continue
            if version == self.version:
                self._admit(member)
            else:
                await self._end(member, f"version {self.version} took over")

    # What the watch sees

    def stalled(self, member: Member) -> None:
        """Take back what a stuck isolate has not begun, and start another."""
        if member.state == "ready":
            member.state = "stalled"
            trace_id = member.isolate.running()
            who = f"request {trace_id}" if trace_id else "a request"
            message = f"{who} holds up its isolate: it computes without a pause"
            self._events.changed(member.number, member.version, "stalled", message)
            self._tend()
        member.isolate.give_back()

    def responding(self, member: Member) -> None:
        """Give it requests again."""
        if member.state == "stalled":
            member.state = "ready"
            self._events.changed(member.number, member.version, "ready", "answers again")
            self._tell()

    def broke_limit(self, member: Member, message: str, culprit: str) -> None:
        """End the isolate at once; the others' requests, or all where nobody is to blame, are done again."""
        member.fate = Fate(message, 1102, culprit or member.only_suspect())
        member.isolate.kill(message)
        self._lost(member)

    def idle(self, member: Member, idle_s: float) -> None:
        """Let go of an isolate too many."""
        if idle_s >= EXTRA_IDLE_S and member.state == "ready" and member in self._current:
            others = (one for one in self._current if one is not member and one.state == "ready")
            if any(others):
                self._drain(member, f"had nothing to do for {EXTRA_IDLE_S:g} s, and is not the only one")

    # Small parts

    def _fail(self, failure: WorkerFailed) -> None:
        self.failure = failure
        self._tell()

    def _tell(self) -> None:
        """Wake who waits for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _remove(self, member: Member) -> None:
        for members in (self._current, self._draining):
            if member in members:
                members.remove(member)

    def _keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _number(member: Member) -> int:
    return member.number
