"""One instance: its state, the requests at it, and its life from start to end as one task."""

import asyncio
from typing import Any

from core.containers.cold_start import ColdStartRecord
from core.containers.draining import Drain
from core.containers.drivers.protocol import Driver, DriverUnavailable, Exit, InstancePlan, StartFailed
from core.containers.ending import (
    MEASURED_FOR_WAITERS_S,
    MEASURED_WITHIN_S,
    Ending,
    Household,
    Wish,
    how_it_is_stopped,
    how_it_was_stopped,
    remove,
    stop_gently,
    why_it_ended,
)
from core.containers.lifecycle import DOWN_STATES, STARTING_STATES, changed, check_transition
from core.containers.pulling import PullProgress
from core.containers.restart import Restarts
from core.containers.sleep import Idle
from core.containers.start import StartMeans, bring_up
from core.events.bus import EventBus
from core.events.types import InstanceState, Notice

_EXIT_NOTICED_WITHIN_S = 5.0
"""How long after a stop the driver may take to tell the exit code; without it the code is unknown."""
_OUT_OF_MEMORY_ADVICE = "let it use less memory, or choose a larger instance_type"

StartFailure = StartFailed | DriverUnavailable


class Instance:
    """One named place for an instance of a class in a region; it may be started and stopped many times."""

    def __init__(
        self,
        plan: InstancePlan,
        number: int,
        driver: Driver,
        bus: EventBus,
        means: StartMeans,
        household: Household,
    ) -> None:
        self.plan = plan
        self.number = number
        self.driver = driver
        self.in_flight = 0
        self.running_since_s = 0.0
        self.changed_s = 0.0
        """When it came to its present state."""
        self.end: Exit | None = None
        """How its last life ended, once it is down."""
        self.last_reading: tuple[float, float, float] = (-1.0, 0.0, 0.0)
        """Of the sampler: the life (its running_since_s), the time of the reading, and the CPU time then."""
        self.idle = Idle(self)
        """Its idle time, and when it goes to sleep."""
        self.drain = Drain(self)
        self.restarts = Restarts(self, household.why_not, self._notice)
        """Whether it is started again after a failure."""
        self._bus = bus
        self._means = means
        self._household = household
        self._state: InstanceState | None = None
        self._record: ColdStartRecord | None = None
        self._progress: PullProgress | None = None
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

    def now_s(self) -> float:
        """Return the run's time."""
        return self._bus.now_s()

    async def may_sleep(self) -> bool:
        """Say whether nobody objects to its sleep."""
        return await self._household.may_sleep()

    @property
    def load(self) -> int:
        """Return the requests in flight at it and those waiting for its start."""
        waiting = self._record.waiting if self._record and self._state in STARTING_STATES else 0
        return self.in_flight + waiting

    @property
    def has_requests(self) -> bool:
        """Say whether any request is in flight at it, waits for it, or is just about to be sent to it."""
        return self.in_flight > 0 or (self._record is not None and self._record.waiting > 0)

    @property
    def is_leaving(self) -> bool:
        """Say whether it gets nothing new any more: it is being emptied, is to end, or ends."""
        return not self.is_down and (self._state == "stopping" or self.drain.is_on or self._wish.done())

    @property
    def is_down(self) -> bool:
        """Say whether it uses nothing."""
        return self.state in DOWN_STATES

    def begin(self, reason: str) -> None:
        """Start it; only one that is down can be started."""
        self.end, self._asked = None, False
        self._signal: int | None = None
        self.idle.set_limit(None)
        self._move("placed", reason)
        self._down.clear()
        loop = asyncio.get_running_loop()
        self._runs: asyncio.Future[None] = loop.create_future()
        self._record = ColdStartRecord(self.plan, self.driver.name, self.driver.kind, self._bus)
        self._record.begin("queue")
        self._outcome: asyncio.Future[StartFailure | None] = loop.create_future()
        self._wish: asyncio.Future[Wish] = loop.create_future()
        self._left_ready: asyncio.Future[None] = loop.create_future()
        self._life = loop.create_task(self._live(self._record), name=f"instance {self.name}")

    async def join(self, limit_s: float | None = None) -> tuple[ColdStartRecord, StartFailure | None]:
        """Wait for the start under way; return its record, and why it failed.

        With ``limit_s`` at most so long from the program's start on; the start itself goes on after it.
        After a good start the caller owes the record one ``leave``, when its request is answered or gone.
        """
        record = self._record
        assert record is not None
        record.join()
        failure: StartFailure | None = None
        joined = False
        try:
            failure = await self._outcome_within(limit_s)
            joined = failure is None
        finally:
            if not joined:
                record.leave()
        return record, failure

    async def _outcome_within(self, limit_s: float | None) -> StartFailure | None:
        outcome = self._outcome
        if limit_s is not None:
            await _first_of(outcome, self._runs)
            await asyncio.wait({outcome}, timeout=limit_s)
            self.idle.renew()
            if not outcome.done():
                port = self.plan.container.port
                reason = f"the program runs, but its port {port} did not answer within {limit_s:g} s"
                return StartFailed(reason, "boot", not_listening=True)
        return await asyncio.shield(outcome)

    async def signal(self, number: int) -> None:
        """Send its program a signal; an end that comes of it was wanted."""
        if self._state in ("running", "ready"):
            self._signal = number
            await self.driver.signal(self.plan, number)

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
        self.restarts.stop()
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)

    def enter(self) -> None:
        """Count a request in."""
        self.in_flight += 1

    def leave(self) -> None:
        """Count a request out; idle time starts from here."""
        self.in_flight -= 1
        self.idle.renew()
        self.drain.request_left()

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
            self._notice(reason)
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
        self._progress = PullProgress(self.plan, self._move, self._bus)
        await bring_up(self.plan, self.driver, record, self._means, self._move, self._progress)
        self._move("ready", "its port answers")
        record.ready()
        self._household.start_succeeded()
        self._outcome.set_result(None)

    async def _end_failed_start(self, record: ColdStartRecord, failure: StartFailed) -> None:
        end = Exit(failure.exit_code, failure.out_of_memory)
        if self.plan.patient and self._ended_well(end):
            self._move("stopping", failure.reason, end)
            lost_bytes = await self._remove(MEASURED_FOR_WAITERS_S)
            self._move("stopped", failure.reason, end, lost_bytes)
        else:
            lost_bytes = await self._remove(MEASURED_FOR_WAITERS_S)
            next_try = self._household.start_failed(failure)
            self._notice(failure.reason, failure.advice)
            self._move("failed", f"{failure.reason}; {next_try}{self._restart_after(end)}", end, lost_bytes)
        record.failed(failure.reason)
        self._settle(failure)

    def _ended_well(self, end: Exit) -> bool:
        return (end.exit_code == 0 or self._signal is not None) and not end.out_of_memory

    async def _end_unfinished_start(self, record: ColdStartRecord, wish: Wish) -> None:
        if wish.lost is not None:
            raise wish.lost
        failure = StartFailed(wish.reason, record.phase)
        if self.plan.patient and self._state == "running":
            record.failed(wish.reason)
            self._outcome.set_result(failure)
            await self._serve()
            return
        self._asked = True
        self._move("stopping", wish.reason)
        lost_bytes = await self._remove(MEASURED_FOR_WAITERS_S)
        self._move("stopped", wish.reason, lost_bytes=lost_bytes)
        record.failed(wish.reason)
        self._settle(failure)

    async def _serve(self) -> None:
        """Let it run until it ends or somebody wants it to."""
        ended = asyncio.ensure_future(self.driver.wait_until_exit(self.plan))
        try:
            await _first_of(ended, self._wish)
            self.idle.stop()
            if ended.done():
                await self._ended_by_itself(ended.result())
            else:
                await self._stop(self._wish.result(), ended)
        finally:
            ended.cancel()
            await asyncio.gather(ended, return_exceptions=True)

    async def _stop(self, wish: Wish, ended: "asyncio.Future[Exit]") -> None:
        if wish.lost is not None:
            raise wish.lost
        self._asked = True
        self._move("stopping", how_it_is_stopped(wish))
        self._wish = asyncio.get_running_loop().create_future()
        if wish.kill:
            await self.driver.kill(self.plan)
        else:
            await stop_gently(self.driver, self.plan, wish, self._wish)
        await asyncio.wait({ended}, timeout=_EXIT_NOTICED_WITHIN_S)
        lost_bytes = await self._remove()
        end = ended.result() if ended.done() else Exit(None)
        self._move("stopped", how_it_was_stopped(wish, end), end, lost_bytes)
        self._settle(None)

    async def _ended_by_itself(self, end: Exit) -> None:
        reason = why_it_ended(end, self.plan.limits.memory_mib, self._signal)
        self._move("stopping", reason, end)
        lost_bytes = await self._remove()
        good = self._ended_well(end)
        if not good:
            self._notice(reason, _OUT_OF_MEMORY_ADVICE if end.out_of_memory else "")
        if good:
            self._move("stopped", reason, end, lost_bytes)
        else:
            self._move("failed", reason + self._restart_after(end), end, lost_bytes)
        self._settle(None)

    def _restart_after(self, end: Exit) -> str:
        """Let the restart policy see a program's end with an error; return what comes of it in words."""
        if not end.exit_code and not end.out_of_memory:
            return ""
        return self.restarts.after_failure(self._bus.now_s() - self.running_since_s)

    async def _remove(self, limit_s: float = MEASURED_WITHIN_S) -> int | None:
        return await remove(self.driver, self.plan, limit_s if self._runs.done() else 0.0)

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

    def _move(
        self,
        state: InstanceState,
        reason: str = "",
        end: Exit | None = None,
        lost_bytes: int | None = None,
    ) -> None:
        if not (state == "pulling" == self._state):
            check_transition(self.name, self._state, state)
        if self._progress is not None and state != "pulling":
            self._progress.stop()
        if self._state == "ready":
            self._left_ready.set_result(None)
        self._state, self.changed_s = state, self._bus.now_s()
        if state == "running":
            self.running_since_s = self.changed_s
            self._runs.set_result(None)
            self._household.program_runs()
        if state == "ready" or (state == "running" and self.plan.patient):
            self.idle.watch()
        self._bus.publish(
            changed(self.changed_s, self.plan, self.driver.name, state, reason, end, lost_bytes)
        )
        if state in DOWN_STATES:
            self.idle.stop()
            self.drain.stop()
            self.end = end
            asked = self._asked or self._signal is not None
            self._household.went_down(Ending(state == "failed", end, reason, asked, self._runs.done()))

    def _notice(self, message: str, advice: str = "") -> None:
        self._bus.publish(
            Notice(time_s=self._bus.now_s(), level="error", subject=self.name, message=message, advice=advice)
        )


async def _first_of(*futures: "asyncio.Future[Any]") -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
