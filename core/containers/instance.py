"""One instance: its state, the requests at it, and its life from start to end as one task."""

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

from core.containers.cold_start import ColdStartRecord
from core.containers.drivers.protocol import Driver, DriverUnavailable, Exit, InstancePlan, StartFailed
from core.containers.lifecycle import DOWN_STATES, STARTING_STATES, check_transition
from core.containers.sleep import STOP_GRACE_S, idle_left_s
from core.containers.start import PullProgress, bring_up
from core.events.bus import EventBus
from core.events.types import InstanceChanged, InstanceState, Notice

_EXIT_NOTICED_WITHIN_S = 5.0
"""How long after a stop the driver may take to tell the exit code; without it the code is unknown."""
_OUT_OF_MEMORY_ADVICE = "let it use less memory, or choose a larger instance_type"

StartFailure = StartFailed | DriverUnavailable


class Household(Protocol):
    """What an instance tells the pool that it belongs to."""

    def program_runs(self) -> None:
        """The program runs: there is something to measure."""

    def start_succeeded(self) -> None:
        """The instance is ready."""

    def start_failed(self, failure: StartFailed) -> str:
        """The start failed; return when the next one may be tried, in words."""

    def driver_lost(self, error: DriverUnavailable) -> None:
        """The engine below is gone."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody wants the instance to end."""

    reason: str
    grace_s: float = STOP_GRACE_S
    kill: bool = False
    lost: DriverUnavailable | None = None
    """Set when the engine is gone, so that there is nothing to stop."""


class Instance:
    """One named place for an instance of a class in a region; it may be started and stopped many times."""

    def __init__(
        self,
        plan: InstancePlan,
        number: int,
        driver: Driver,
        bus: EventBus,
        queue: asyncio.Semaphore,
        household: Household,
    ) -> None:
        self.plan = plan
        self.number = number
        self.driver = driver
        self.in_flight = 0
        self.last_active_s = 0.0
        self.running_since_s = 0.0
        self._bus = bus
        self._queue = queue
        self._household = household
        self._state: InstanceState | None = None
        self._record: ColdStartRecord | None = None
        self._left_behind = False
        self._life: asyncio.Task[None] | None = None
        self._down = asyncio.Event()
        self._down.set()

    @property
    def name(self) -> str:
        """Return its name, such as app-1."""
        return self.plan.instance

    @property
    def state(self) -> InstanceState:
        """Return its state; one that was never started counts as stopped."""
        return self._state or "stopped"

    @property
    def load(self) -> int:
        """Return the requests in flight at it and those waiting for its start."""
        waiting = self._record.waiting if self._record and self._state in STARTING_STATES else 0
        return self.in_flight + waiting

    @property
    def is_down(self) -> bool:
        """Say whether it uses nothing."""
        return self.state in DOWN_STATES

    def begin(self, reason: str) -> None:
        """Start it; only one that is down can be started."""
        self._move("placed", reason)
        self._down.clear()
        loop = asyncio.get_running_loop()
        self._record = ColdStartRecord(self.plan, self.driver.name, self.driver.kind, self._bus)
        self._record.begin("queue")
        self._outcome: asyncio.Future[StartFailure | None] = loop.create_future()
        self._wish: asyncio.Future[Wish] = loop.create_future()
        self._left_ready: asyncio.Future[None] = loop.create_future()
        self._life = loop.create_task(self._live(self._record), name=f"instance {self.name}")

    async def join(self) -> tuple[ColdStartRecord, StartFailure | None]:
        """Wait for the start under way; return its record, and why it failed.

        After a good start the caller owes the record one ``leave``, when its request is answered or gone.
        """
        record = self._record
        assert record is not None
        record.join()
        failure: StartFailure | None = None
        joined = False
        try:
            failure = await asyncio.shield(self._outcome)
            joined = failure is None
        finally:
            if not joined:
                record.leave()
        return record, failure

    def ask(self, wish: Wish) -> None:
        """Let it end as wished; while it is stopping only a kill, or the loss of the engine, counts."""
        if self.is_down or self._wish.done():
            return
        if self._state != "stopping" or wish.kill or wish.lost is not None:
            self._wish.set_result(wish)

    async def until_down(self) -> None:
        """Wait until it is stopped or failed."""
        await self._down.wait()

    async def left_ready_within(self, limit_s: float) -> bool:
        """Wait for it to be ready no longer, at most ``limit_s``; return whether that is so."""
        if self._state == "ready":
            await asyncio.wait({self._left_ready}, timeout=limit_s)
        return self._state != "ready"

    async def give_up(self) -> None:
        """End its life here and now; the driver's ``close`` removes what is left."""
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)

    def enter(self) -> None:
        """Count a request in."""
        self.in_flight += 1

    def leave(self) -> None:
        """Count a request out; idle time starts from here."""
        self.in_flight -= 1
        self.last_active_s = self._bus.now_s()

    def responded(self) -> None:
        """A response came through it: the first one ends its cold start."""
        if self._record is not None:
            self._record.responded()

    async def _live(self, record: ColdStartRecord) -> None:
        try:
            await self._start_and_serve(record)
        except DriverUnavailable as error:
            self._fell_with(error, error.message, record)
            self._household.driver_lost(error)
        except asyncio.CancelledError:
            self._fell_with(StartFailed("the deployment is going down", record.phase), "given up", record)
            raise
        except Exception as error:
            reason = f"the {self.driver.name} driver failed: {type(error).__name__}: {error}"
            self._notice(reason, "")
            failure = StartFailed(reason, record.phase)
            if not self._outcome.done():
                self._household.start_failed(failure)
            self._fell_with(failure, reason, record)

    async def _start_and_serve(self, record: ColdStartRecord) -> None:
        start = asyncio.ensure_future(self._start(record))
        try:
            await _first_of(start, self._wish)
        finally:
            if not start.done():
                start.cancel()
                await asyncio.wait({start})
        failure = None if start.cancelled() else start.exception()
        if isinstance(failure, StartFailed):
            await self._end_failed_start(record, failure)
        elif self._state == "ready" or failure is not None:
            start.result()
            await self._serve()
        else:
            await self._end_unfinished_start(record, self._wish.result())

    async def _start(self, record: ColdStartRecord) -> None:
        if self._left_behind:
            await self.driver.remove(self.plan)
            self._left_behind = False
        progress = PullProgress(self._move, self._bus.now_s)
        await bring_up(self.plan, self.driver, record, self._queue, self._move, progress)
        self.last_active_s = self._bus.now_s()
        self._move("ready", "its port answers")
        record.ready()
        self._household.start_succeeded()
        self._outcome.set_result(None)

    async def _end_failed_start(self, record: ColdStartRecord, failure: StartFailed) -> None:
        await self.driver.remove(self.plan)
        next_try = self._household.start_failed(failure)
        self._notice(failure.reason, failure.advice)
        self._move("failed", f"{failure.reason}; {next_try}", Exit(failure.exit_code, failure.out_of_memory))
        record.failed(failure.reason)
        self._settle(failure)

    async def _end_unfinished_start(self, record: ColdStartRecord, wish: Wish) -> None:
        if wish.lost is not None:
            raise wish.lost
        self._move("stopping", wish.reason)
        await self.driver.remove(self.plan)
        self._move("stopped", wish.reason)
        record.failed(wish.reason)
        self._settle(StartFailed(wish.reason, record.phase))

    async def _serve(self) -> None:
        ended = asyncio.ensure_future(self.driver.wait_until_exit(self.plan))
        idle = asyncio.ensure_future(self._sleep_when_idle())
        try:
            await _first_of(ended, self._wish, idle)
            idle.cancel()
            if ended.done():
                await self._ended_by_itself(ended.result())
            else:
                await self._stop(self._wish.result(), ended)
        finally:
            ended.cancel()
            idle.cancel()
            await asyncio.gather(ended, idle, return_exceptions=True)

    async def _sleep_when_idle(self) -> None:
        sleep_after_s = self.plan.container.sleep_after
        while left_s := idle_left_s(self.in_flight, self.last_active_s, self._bus.now_s(), sleep_after_s):
            await asyncio.sleep(left_s)
        self.ask(Wish(f"asleep: no request for {sleep_after_s:g} s"))

    async def _stop(self, wish: Wish, ended: "asyncio.Future[Exit]") -> None:
        if wish.lost is not None:
            raise wish.lost
        self._move("stopping", wish.reason)
        self._wish = asyncio.get_running_loop().create_future()
        if wish.kill:
            await self.driver.kill(self.plan)
        else:
            await self._stop_gently(wish)
        await asyncio.wait({ended}, timeout=_EXIT_NOTICED_WITHIN_S)
        await self.driver.remove(self.plan)
        self._move("stopped", wish.reason, ended.result() if ended.done() else Exit(None))
        self._settle(None)

    async def _stop_gently(self, wish: Wish) -> None:
        """Send SIGTERM and wait out the grace; a second wish in the meantime kills."""
        stopping = asyncio.ensure_future(self.driver.stop(self.plan, wish.grace_s))
        try:
            await _first_of(stopping, self._wish)
            if not stopping.done():
                second = self._wish.result()
                if second.lost is not None:
                    raise second.lost
                await self.driver.kill(self.plan)
            await stopping
        finally:
            stopping.cancel()
            await asyncio.gather(stopping, return_exceptions=True)

    async def _ended_by_itself(self, end: Exit) -> None:
        reason = _why_it_ended(end, self.plan.limits.memory_mib)
        self._move("stopping", reason, end)
        await self.driver.remove(self.plan)
        good = end.exit_code == 0 and not end.out_of_memory
        if not good:
            self._notice(reason, _OUT_OF_MEMORY_ADVICE if end.out_of_memory else "")
        self._move("stopped" if good else "failed", reason, end)
        self._settle(None)

    def _fell_with(self, failure: StartFailure, reason: str, record: ColdStartRecord) -> None:
        self._left_behind = True
        if not self._outcome.done():
            record.failed(reason)
        if not self.is_down:
            self._move("failed", reason)
        self._settle(failure)

    def _settle(self, failure: StartFailure | None) -> None:
        """Answer those who wait for the start, and those who wait for the end."""
        if not self._outcome.done():
            self._outcome.set_result(failure)
        if self._record is not None:
            self._record.close()
        self._down.set()

    def _move(self, state: InstanceState, reason: str = "", end: Exit | None = None) -> None:
        if not (state == "pulling" == self._state):
            check_transition(self.name, self._state, state)
        if self._state == "ready":
            self._left_ready.set_result(None)
        self._state = state
        if state == "running":
            self.running_since_s = self._bus.now_s()
            self._household.program_runs()
        self._bus.publish(
            InstanceChanged(
                time_s=self._bus.now_s(),
                instance=self.name,
                container=self.plan.container.name,
                region=self.plan.region,
                driver=self.driver.name,
                state=state,
                reason=reason,
                exit_code=end.exit_code if end else None,
                out_of_memory=end.out_of_memory if end else False,
            )
        )

    def _notice(self, message: str, advice: str) -> None:
        self._bus.publish(
            Notice(time_s=self._bus.now_s(), level="error", subject=self.name, message=message, advice=advice)
        )


async def _first_of(*futures: "asyncio.Future[Any]") -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


def _why_it_ended(end: Exit, memory_limit_mib: int) -> str:
    if end.out_of_memory:
        reason = f"out of memory: it used more than its {memory_limit_mib} MiB and was killed"
    else:
        reason = f"the program ended by itself with exit code {end.exit_code}"
    return f"{reason}: {end.message}" if end.message else reason
